import fc from 'fast-check'

/** Text that has broken parsers before. */
const NOTORIOUS = [
  '',
  ' ',
  '\t',
  "'",
  "''",
  '"',
  '`',
  '\\',
  '%',
  '%%',
  '_',
  '--',
  '/*',
  ';',
  '\0',
  '\u0001',
  '\u007f',
  '\u0080',
  '\ufeff',
  '\ufffd',
  '\u2028',
  '\u202e',
  '\ud83d\ude00',
  '\ud800',
  '\udc00',
  'İ',
  'ß',
  'ﬀ',
  'null',
  'undefined',
  'NaN',
  'true',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '..%2f..%2f',
  '#{7*7}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  "' OR '1'='1",
  "'; DROP TABLE machine; --",
  '0x10',
  '1e400',
  '-0',
  '9007199254740993',
  '18446744073709551616',
  '-9223372036854775809',
  '999999-12-31T23:59:59Z',
  '2026-02-30T25:61:61Z',
] as const

/** Mostly short text with anything in it, half surrogates too. */
export const oddTexts: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NOTORIOUS),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
  fc
    .tuple(fc.constantFrom(...NOTORIOUS), fc.integer({ min: 1, max: 3_000 }))
    .map(([text, n]) => text.repeat(n)),
)

type Cut = { at: number; remove: number; insert: string }

/** Text with some of it taken out, and something else put in. @param snippets what is put in beside odd text */
export function mutated(texts: fc.Arbitrary<string>, snippets: readonly string[]): fc.Arbitrary<string> {
  const cuts: fc.Arbitrary<Cut> = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat({ max: 6 }),
    insert: fc.oneof(fc.constantFrom('', ...snippets), oddTexts),
  })
  return fc.tuple(texts, fc.array(cuts, { maxLength: 4 })).map(([text, list]) => list.reduce(cut, text))
}

function cut(text: string, { at, remove, insert }: Cut): string {
  const place = Math.floor(at * text.length)
  return text.slice(0, place) + insert + text.slice(place + remove)
}

/** The letters of a word in any case. */
export function anyCase(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(words, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }))
    .map(([word, upper]) =>
      [...word].map((letter, n) => (upper[n % 8] ? letter.toUpperCase() : letter)).join(''),
    )
}

/** Text as it may stand in a request target: escaped well, badly, or not at all. Never holds a blank or a line end. */
export function inTarget(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const spellings = fc.constantFrom<(text: string) => string>(
    (text) => encodeURIComponent(text.toWellFormed()),
    (text) => encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+'),
    (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    // A half surrogate in UTF-8 as old encoders write it, an escape that is none, one that is cut off.
    (text) => `${encodeURIComponent(text.toWellFormed())}%ED%A0%80`,
    (text) => `${encodeURIComponent(text.toWellFormed())}%zz`,
    (text) => `${encodeURIComponent(text.toWellFormed())}%`,
    (text) => text,
  )
  return fc
    .tuple(texts, spellings)
    .map(([text, write]) => write(text).replace(/[\0-\x20\x7f#]/g, (c) => encodeURIComponent(c)))
}
