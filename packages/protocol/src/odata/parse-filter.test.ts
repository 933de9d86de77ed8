import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatInstant } from '../instant.ts'
import { ODataError } from './odata-error.ts'
import { MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, MAX_FILTER_TERMS, parseFilter } from './parse-filter.ts'
import { printFilter } from './print-filter.ts'
import { filters } from './random-filter.ts'

const GUID = '2e9da30d-27f6-4208-81f2-9cd3d67893ba'

describe('reading a $filter', () => {
  it.each([
    ["status eq 'Pending'", "status eq 'Pending'"],
    ["Status EQ 'Pending'", "Status eq 'Pending'"],
    ["a eq 'x' and b ne 'y' or c gt 1", "a eq 'x' and b ne 'y' or c gt 1"],
    ["a eq 'x' and (b ne 'y' or c gt 1)", "a eq 'x' and (b ne 'y' or c gt 1)"],
    ['(a eq 1 and b eq 2) and c eq 3', 'a eq 1 and b eq 2 and c eq 3'],
    ["a eq 'x'and b eq 'y'", "a eq 'x' and b eq 'y'"],
    ["(a eq 'x')AND(b eq 'y')", "a eq 'x' and b eq 'y'"],
    ['not a eq 1 and b eq 2', 'not (a eq 1) and b eq 2'],
    ['NOT(a eq 1 and b eq 2)', 'not (a eq 1 and b eq 2)'],
    ["'x' eq a", "a eq 'x'"],
    ['5 lt a', 'a gt 5'],
    ["name eq 'O''Brien'", "name eq 'O''Brien'"],
    ["name eq ''''", "name eq ''''"],
    ["name eq ''", "name eq ''"],
    [`id eq ${GUID.toUpperCase()}`, `id eq ${GUID}`],
    [`id eq '${GUID}'`, `id eq '${GUID}'`],
    ['a eq -1.5e3', 'a eq -1.5e3'],
    ['a eq TRUE or b eq Null', 'a eq true or b eq null'],
    ["status in ('Pending','InProgress')", "status in ('Pending', 'InProgress')"],
    ["status IN('Pending')", "status in ('Pending')"],
    ["startswith(computerDnsName,'lab')", "startswith(computerDnsName, 'lab')"],
    ["StartsWith( computerDnsName , 'lab' ) eq true", "startswith(computerDnsName, 'lab')"],
    ["endsWith(a,'b') eq false", "not (endswith(a, 'b'))"],
    ["contains(a, 'b, c')", "contains(a, 'b, c')"],
    ["machineTags/any(t: t eq 'x')", "machineTags/any(t: t eq 'x')"],
    [
      "machineTags/Any(tag:startswith(tag,'x') or tag eq 'y')",
      "machineTags/any(tag: startswith(tag, 'x') or tag eq 'y')",
    ],
    ['machineTags/any()', 'machineTags/any()'],
    ['not MachineTags/ANY( )and b eq 1', 'not (MachineTags/any()) and b eq 1'],
    ["status eq'Pending'", "status eq 'Pending'"],
    ["not contains(a,'x')and not(b in (null,'y'))", "not (contains(a, 'x')) and not (b in (null, 'y'))"],
    ['id eq 1234567890123456789012345678901234567890', 'id eq 1234567890123456789012345678901234567890'],
    ["vmMetadata/vmId eq 'x'", "vmMetadata/vmId eq 'x'"],
    ["\ta\r\neq  'x' ", "a eq 'x'"],
  ])('takes %s', (text, canonical) => {
    expect(printFilter(parseFilter(text))).toBe(canonical)
  })

  it.each([
    ['2018-08-01Z', '2018-08-01T00:00:00Z'],
    ['2018-08-01', '2018-08-01T00:00:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['2026-11-23T08:12Z', '2026-11-23T08:12:00Z'],
    ['2026-11-23T08:12:26Z', '2026-11-23T08:12:26Z'],
    ['2026-11-23t08:12:26.5z', '2026-11-23T08:12:26.5Z'],
    ['2026-11-23T08:12:26.1234567Z', '2026-11-23T08:12:26.123456Z'],
    ['2026-11-23T10:12:26+02:00', '2026-11-23T08:12:26Z'],
  ])('takes the moment %s', (text, moment) => {
    const filter = parseFilter(`lastSeen gt ${text}`)
    if (filter.kind !== 'compare' || filter.value.kind !== 'dateTime') throw new Error(filter.kind)
    expect(formatInstant(filter.value.value)).toBe(moment)
  })

  it.each([
    ['', 0, 'a property'],
    ['status', 6, 'an operator'],
    ["status == 'x'", 7, 'a name'],
    ["status equals 'x'", 7, 'an operator'],
    ['status eq', 9, 'a property'],
    ['status eq Pending', 10, 'a value'],
    ["status eq 'Pending", 18, 'a closing quote'],
    ["status eq 'a' b eq 'c'", 14, 'and, or, or the end'],
    ["(status eq 'a'", 14, '")"'],
    ["status eq 'a')", 13, 'and, or, or the end'],
    ["and eq 'a'", 0, 'a property'],
    ["a eq 'x' and", 12, 'a property'],
    ["'a' eq 'b'", 7, 'a property'],
    ['status in ()', 11, 'a value'],
    ["status in ('a',)", 15, 'a value'],
    ["'a' in ('a')", 4, 'a property before in'],
    ['contains(a)', 10, '","'],
    ['contains(a, 5)', 12, 'text in single quotes'],
    ["toupper(a) eq 'B'", 7, 'an operator'],
    ['tags/any(', 9, 'a variable'],
    ['tags/any(t:)', 11, 'a property'],
    ["tags/any(t eq 'x')", 11, '":"'],
    ['a eq 5x', 5, 'a number'],
    ['a eq 1e999', 5, 'a smaller number'],
    ['id eq 1e5bc9d7e413ddd7902c2932e418702b84d0cc07', 6, 'text needs single quotes'],
    ['lastSeen gt 2018-02-30', 12, 'a date that exists'],
    ['lastSeen gt 2018-02-03T10:00:00.12345678Z', 12, 'at most 7 fraction digits'],
    ['a eq "x"', 5, 'a name'],
    ['a eq 1; drop table machine', 6, 'a name'],
    ["startswith(a,'b') gt true", 21, 'eq true or eq false'],
  ])('refuses %s at position %d', (text, position, expected) => {
    const error = refusal(text)
    expect(error.position).toBe(position)
    expect(error.expected).toContain(expected)
    expect(error.message).toContain('$filter')
  })

  it('says where each property and each value stands', () => {
    expect(parseFilter("a eq 'x' and 5 lt b or c/any(t: t in (1, 2)) and endswith(d,'y')")).toMatchObject({
      operands: [
        {
          operands: [
            { field: 'a', position: 0, value: { position: 5 } },
            { field: 'b', position: 18, value: { position: 13 } },
          ],
        },
        {
          operands: [
            {
              field: 'c',
              position: 23,
              predicate: { position: 32, values: [{ position: 38 }, { position: 41 }] },
            },
            { field: 'd', position: 58 },
          ],
        },
      ],
    })
  })

  it('keeps a long chain flat', () => {
    const filter = parseFilter(Array.from({ length: MAX_FILTER_TERMS }, (_, n) => `a eq ${n}`).join(' and '))
    expect(filter).toMatchObject({ kind: 'and', operands: { length: MAX_FILTER_TERMS } })
  })

  it('refuses more comparisons than its limit', () => {
    const text = Array.from({ length: MAX_FILTER_TERMS + 1 }, () => 'a eq 1').join(' or ')
    expect(refusal(text).expected).toContain('comparisons')
  })

  it.each(['(', 'not ', 'a/any(t:'])('refuses deep nesting of %s without running out of stack', (opening) => {
    const levels = Math.floor((MAX_FILTER_LENGTH - 10) / opening.length)
    expect(refusal(`${opening.repeat(levels)}a eq 1`).expected).toBe(`at most ${MAX_FILTER_DEPTH} levels`)
  })

  it('refuses 100,000 parentheses by their length alone', () => {
    expect(refusal('('.repeat(100_000)).expected).toContain('characters')
  })
})

describe('any filter', () => {
  it('reads back from its own text', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(parseFilter(printFilter(filter))).toMatchObject(filter)
      }),
      { numRuns: 500 },
    )
  })

  it('means the same in any case of its operators and functions', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        const text = printFilter(filter).replace(
          /'(?:[^']|'')*'|\b(?:and|or|not|in|any|eq|ne|gt|ge|lt|le)\b/g,
          (word) => (word.startsWith("'") ? word : word.toUpperCase()),
        )
        expect(parseFilter(text)).toMatchObject(filter)
      }),
    )
  })

  it('never throws anything but an ODataError, whatever the text', () => {
    const words = fc.constantFrom(
      ...[
        "'",
        "''",
        '(',
        ')',
        ',',
        ':',
        '/',
        ' ',
        'a',
        'eq',
        'and',
        'or',
        'not',
        'in',
        'any',
        'contains',
        'true',
      ],
      ...['null', '5', '-', '+', '.', '2018-08-01', 'T10:00', GUID, '\0', '\ud800', '%', '$', 'é'],
    )
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 60 }).map((w) => w.join(' ')),
    )
    fc.assert(
      fc.property(garbage, (text) => {
        try {
          parseFilter(text)
        } catch (error) {
          expect(error).toBeInstanceOf(ODataError)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('never throws anything but an ODataError when one character of it is changed', () => {
    fc.assert(
      fc.property(filters, fc.nat(), fc.string({ minLength: 0, maxLength: 1 }), (filter, at, character) => {
        const text = printFilter(filter)
        const index = at % text.length
        try {
          parseFilter(text.slice(0, index) + character + text.slice(index + 1))
        } catch (error) {
          expect(error).toBeInstanceOf(ODataError)
        }
      }),
    )
  })
})

function refusal(text: string): ODataError {
  try {
    parseFilter(text)
  } catch (error) {
    if (error instanceof ODataError) return error
    throw error
  }
  throw new Error(`${text} was accepted`)
}
