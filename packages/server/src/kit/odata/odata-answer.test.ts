import { parseListQuery } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import { listAnswer } from './odata-answer.ts'

const origin = 'https://fleet.example:8443'

describe('an OData list', () => {
  const answer = (query: string, next: Parameters<typeof listAnswer>[2]['next'], count?: number) => {
    const search = new URLSearchParams(query)
    return listAnswer({ origin, path: '/api/v1.0/Machines', search }, 'Machines', {
      value: [1, 2],
      count,
      next,
      query: parseListQuery(search),
    })
  }

  it('holds its context and values alone where nothing else is to say', () => {
    expect(JSON.stringify(answer('', null))).toBe(
      '{"@odata.context":"https://fleet.example:8443/api/$metadata#Machines","value":[1,2]}',
    )
  })

  it('puts the count before and the next link after the values', () => {
    expect(Object.keys(answer('', { skipToken: 'x' }, 5))).toEqual([
      '@odata.context',
      '@odata.count',
      'value',
      '@odata.nextLink',
    ])
  })

  it('asks for the next page as this one was asked for, from where it ended', () => {
    const filter = "name eq 'a&b+c'"
    const link = answer(`$filter=${encodeURIComponent(filter)}&$count=true&$top=7&%24skip=3&`, {
      skipToken: 'x_-',
    })['@odata.nextLink']
    const { origin: from, pathname, searchParams } = new URL(link ?? '')
    expect({ from, pathname }).toEqual({ from: origin, pathname: '/api/v1.0/Machines' })
    expect([...searchParams]).toEqual([
      ['$filter', filter],
      ['$count', 'true'],
      ['$top', '5'],
      ['$skiptoken', 'x_-'],
    ])
  })
})
