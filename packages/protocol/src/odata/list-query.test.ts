import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseListQuery } from './list-query.ts'
import { ODataError } from './odata-error.ts'
import { printFilter } from './print-filter.ts'

const read = (query: string) => parseListQuery(new URLSearchParams(query))

describe('reading the options of a list', () => {
  it('takes none at all', () => {
    expect(read('')).toEqual({ orderBy: [], skip: 0, count: false, other: new Map() })
  })

  it('takes names in any case, encoded or not, with an empty parameter at the end', () => {
    const query = read("%24FILTER=status+eq%20'Pending'&$Top=100&$SKIP=5&$count=TRUE&$orderBy=id%20desc&")
    expect(query.filter && printFilter(query.filter)).toBe("status eq 'Pending'")
    expect(query).toMatchObject({
      top: 100,
      skip: 5,
      count: true,
      orderBy: [{ field: 'id', direction: 'desc', position: 0 }],
    })
  })

  it('reads the query that a SIEM connector polls with', () => {
    const query = read(
      '$filter=lastUpdateDateTimeUtc%20gt%202026-11-20T00:00:00Z&$orderby=lastUpdateDateTimeUtc asc&$top=50&$skip=0',
    )
    expect(query.orderBy).toEqual([{ field: 'lastUpdateDateTimeUtc', direction: 'asc', position: 0 }])
    expect(query.filter).toMatchObject({ kind: 'compare', operator: 'gt', field: 'lastUpdateDateTimeUtc' })
  })

  it('takes several properties to order by, ascending where nothing is said', () => {
    expect(read('$orderby=a, b/c DESC ,d ASC').orderBy).toEqual([
      { field: 'a', direction: 'asc', position: 0 },
      { field: 'b/c', direction: 'desc', position: 3 },
      { field: 'd', direction: 'asc', position: 13 },
    ])
  })

  it('treats an option without a value as absent', () => {
    expect(read('$filter=&$top=&$skip= &$orderby=&$count&$top=&$expand=')).toEqual(read(''))
    expect(read('$top=&$top=5').top).toBe(5)
  })

  it('hands over what it does not read', () => {
    const query = read('$Expand=evidence&$skiptoken=abc&tag=x')
    expect(query.skipToken).toBe('abc')
    expect([...query.other]).toEqual([['$expand', 'evidence']])
  })

  it.each(['0', '10000'])('takes %s as $top', (top) => {
    expect(read(`$top=${top}`).top).toBe(Number(top))
  })

  it.each([
    '$top=10001',
    '$top=-1',
    '$top=1.5',
    '$top=1e3',
    '$top=0x10',
    '$top=ten',
    '$skip=-1',
    '$skip=99999999999999999',
    '$count=yes',
    '$orderby=a b',
    '$orderby=a,',
    '$orderby=a desc desc',
    "$orderby='a'",
    '$orderby=a,b,c,d,e,f,g,h,i,j,k',
    '$filter=a',
    '$filter=a eq 1&$filter=b eq 2',
    '$top=1&%24TOP=2',
  ])('refuses %s', (query) => {
    expect(() => read(query)).toThrow(ODataError)
  })

  it('never throws anything but an ODataError', () => {
    const keys = fc.constantFrom('$filter', '$orderby', '$top', '$skip', '$count', '$skiptoken', '$x', 'y')
    const pairs = fc.array(fc.tuple(keys, fc.string({ unit: 'binary' })))
    fc.assert(
      fc.property(pairs, (params) => {
        try {
          parseListQuery(params)
        } catch (error) {
          expect(error).toBeInstanceOf(ODataError)
        }
      }),
    )
  })
})
