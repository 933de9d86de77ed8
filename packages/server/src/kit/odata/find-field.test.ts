import { describe, expect, it } from 'vitest'
import { findField } from './find-field.ts'
import { field, odataFields } from './odata-field.ts'

const fields = odataFields({
  id: field.id('id'),
  computerDnsName: field.text('name'),
  lastSeen: field.instant('seen'),
  firstSeen: field.instant('first'),
})
const find = (name: string) => findField({ option: '$filter', field: name, position: 7 }, fields)

describe('a property that a caller names', () => {
  it('is found in any case', () => {
    expect(find('LASTSEEN').name).toBe('lastSeen')
  })

  it.each([
    ['lastSeem', 'the property lastSeen'],
    ['last_seen', 'the property lastSeen'],
    ['dnsname', 'the property computerDnsName'],
    ['Seen', 'a property (lastSeen, firstSeen)'],
    ['colour', 'a property (id, computerDnsName, lastSeen, firstSeen)'],
    ['x', 'a property (id, computerDnsName, lastSeen, firstSeen)'],
  ])('is refused as %s with the names that it can be', (name, expected) => {
    expect(() => find(name)).toThrow(`$filter: expected ${expected} at position 7, found "${name}"`)
  })
})
