import { ODataError } from '@fleetsweep/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { field, odataFields } from './odata-field.ts'
import { orderKeys } from './row-order.ts'
import { readSkipToken, writeSkipToken } from './skip-token.ts'

const fields = odataFields({
  id: field.id('id'),
  name: field.text('name'),
  comment: field.text('comment', { nullable: true }),
  at: field.instant('at'),
  isOn: field.boolean('is_on'),
})
const keys = orderKeys(
  [
    { field: 'at', direction: 'desc' },
    { field: 'comment', direction: 'asc' },
    { field: 'ISON', direction: 'asc' },
  ],
  fields,
  'id',
)
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const ORDER = 'at desc,comment,isOn,id'

describe('a skip token', () => {
  it('brings back the values of the last row', () => {
    const values = [-5, 'O’Brien\n😀', 1, 'ab'] as const
    expect(readSkipToken(writeSkipToken(keys, values), keys)).toEqual(values)
    expect(readSkipToken(writeSkipToken(keys, [5, null, 0, 'ab']), keys)).toEqual([5, null, 0, 'ab'])
  })

  it('is refused for a list in another order', () => {
    const other = orderKeys([{ field: 'at', direction: 'asc' }], fields, 'id')
    const token = writeSkipToken(other, [1, 'ab'])
    expect(() => readSkipToken(token, keys)).toThrow(
      '$skiptoken: expected one of a list in the same order, found another one',
    )
  })

  it.each([
    ['text that is none', 'x'],
    ['nothing of a list', encode({ order: ORDER })],
    ['too few values', encode([ORDER, 1, null, 0])],
    ['too many values', encode([ORDER, 1, null, 0, 'ab', 'ab'])],
    ['text for a moment', encode([ORDER, '1; DROP TABLE machine', null, 0, 'ab'])],
    ['a moment beyond what is exact', encode([ORDER, 1e300, null, 0, 'ab'])],
    ['half a microsecond', encode([ORDER, 0.5, null, 0, 'ab'])],
    ['a null for what is never null', encode([ORDER, null, null, 0, 'ab'])],
    ['a number for text', encode([ORDER, 1, 5, 0, 'ab'])],
    ['a list for text', encode([ORDER, 1, ['x'], 0, 'ab'])],
    ['a truth that is none', encode([ORDER, 1, null, 2, 'ab'])],
    ['a NUL', encode([ORDER, 1, 'a\0', 0, 'ab'])],
    ['half a character', encode([ORDER, 1, '\ud800', 0, 'ab'])],
    ['more than we write', encode([ORDER, 1, 'x'.repeat(20_000), 0, 'ab'])],
  ])('is refused with %s', (_, token) => {
    expect(() => readSkipToken(token, keys)).toThrow(ODataError)
  })

  it('never is anything but read or refused', () => {
    const parts = fc.array(fc.oneof(fc.constant(ORDER), fc.jsonValue()), { maxLength: 6 })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), parts.map(encode)), (token) => {
        try {
          expect(readSkipToken(token, keys)).toHaveLength(keys.length)
        } catch (error) {
          expect(error).toBeInstanceOf(ODataError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the keys of an order', () => {
  it('end with the id and hold no property twice', () => {
    const names = (order: string[]) =>
      orderKeys(
        order.map((name) => ({ field: name, direction: 'desc' })),
        fields,
        'id',
      ).map(({ field: { name }, descending }) => (descending ? `${name} desc` : name))
    expect(names(['at', 'AT', 'name'])).toEqual(['at desc', 'name desc', 'id desc'])
    expect(names(['at', 'id', 'name'])).toEqual(['at desc', 'id desc'])
  })
})
