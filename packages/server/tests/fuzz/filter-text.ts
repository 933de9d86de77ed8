import fc from 'fast-check'
import { anyCase, mutated, oddTexts } from './odd-text.ts'

/** Properties of a list, by the kind of their values. */
export type ListFields = Readonly<Record<'text' | 'instant' | 'number' | 'texts', readonly string[]>>

/** Those of each list; to each the others' are unknown. */
export const LIST_FIELDS = {
  machines: {
    text: 'id computerDnsName osPlatform osVersion version healthStatus onboardingStatus deviceValue riskScore exposureLevel aadDeviceId rbacGroupName lastIpAddress'.split(
      ' ',
    ),
    instant: ['lastSeen', 'firstSeen'],
    number: ['osBuild', 'rbacGroupId'],
    texts: ['machineTags'],
  },
  actions: {
    text: 'id status type machineId requestor scope externalId computerDnsName requestSource'.split(' '),
    instant: ['creationDateTimeUtc', 'lastUpdateDateTimeUtc', 'cancellationDateTimeUtc'],
    number: ['errorHResult'],
    texts: [],
  },
  alerts: {
    text: 'id status severity category detectionSource assignedTo machineId computerDnsName threatName title'.split(
      ' ',
    ),
    instant: ['alertCreationTime', 'lastUpdateTime', 'lastEventTime', 'firstEventTime'],
    number: ['incidentId', 'investigationId'],
    texts: [],
  },
  antivirusInfo: {
    text: 'machineId computerDnsName osKind osPlatform osVersion avMode avSignatureVersion avEngineVersion quickScanResult fullScanError avIsSignatureUpToDate'.split(
      ' ',
    ),
    instant: [],
    number: ['rbacGroupId'],
    texts: [],
  },
} as const satisfies Record<string, ListFields>

const EVERY_FIELD = Object.values(LIST_FIELDS).flatMap((kinds) => Object.values(kinds).flat())
const fields = anyCase(fc.constantFrom(...EVERY_FIELD, 'nothing', 'evidence/sha1', 'a/b'))
const quoted = fc
  .oneof(oddTexts, fc.constantFrom('Pending', 'Active', 'Windows11', 'lab', 'High', 'web-01.contoso.example'))
  .map((text) => `'${text.replaceAll("'", "''")}'`)
const twoDigits = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'))
const goodDates = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString())
const dates = fc
  .record({
    year: fc.constantFrom('2026', '2018', '0000', '0001', '9999', '12026', '-001', '26'),
    rest: fc.array(twoDigits, { minLength: 5, maxLength: 5 }),
    fraction: fc.constantFrom('', '.', '.0', '.1234567', '.12345678', '.000000000000'),
    zone: fc.constantFrom('Z', 'z', '', '+02:00', '-23:59', '+99:99'),
    isDateAlone: fc.boolean(),
  })
  .map(({ year, rest: [month, day, hour, minute, second], fraction, zone, isDateAlone }) =>
    isDateAlone
      ? `${year}-${month}-${day}${zone}`
      : `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${zone}`,
  )
const numbers = fc.oneof(
  fc.integer().map(String),
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.constantFrom(
    '1e400',
    '-1e-400',
    '00',
    '1.',
    '.5',
    '+7',
    '1_000',
    '0x1F',
    'INF',
    '-INF',
    'NaN',
    '9'.repeat(400),
  ),
)
const literals = fc.oneof(
  quoted,
  dates,
  numbers,
  fc.uuid(),
  fc.constantFrom('null', 'true', 'FALSE', "duration'P1D'", "binary'T0RhdGE'", "guid'x'", '@p', '$it'),
)
const operators = anyCase(fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le', 'has', 'add', '=', '=='))
const functions = anyCase(
  fc.constantFrom(
    'startswith',
    'endswith',
    'contains',
    'tolower',
    'length',
    'substringof',
    'now',
    'any',
    'all',
  ),
)

type Words = fc.Arbitrary<string>

const comparisons = anyCase(fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'))
const equalities = anyCase(fc.constantFrom('eq', 'ne'))
const matches = anyCase(fc.constantFrom('startswith', 'endswith', 'contains'))
const spaced = (...parts: Words[]): Words => fc.tuple(...parts).map((words) => words.join(' '))

/** Comparisons that the list understands. */
function rightLeaves({ text, instant, number, texts }: ListFields): Words {
  const texted = anyCase(fc.constantFrom(...text))
  const some = (names: readonly string[], make: (names: Words) => Words) =>
    names.length === 0 ? [] : [make(anyCase(fc.constantFrom(...names)))]
  return fc.oneof(
    spaced(texted, comparisons, quoted),
    spaced(texted, equalities, fc.constant('null')),
    fc.tuple(matches, texted, quoted).map(([name, field, literal]) => `${name}(${field},${literal})`),
    fc
      .tuple(texted, fc.array(quoted, { minLength: 1, maxLength: 6 }))
      .map(([field, list]) => `${field} in (${list.join(',')})`),
    ...some(instant, (names) => spaced(names, comparisons, goodDates)),
    ...some(number, (names) => spaced(names, comparisons, fc.integer().map(String))),
    ...some(texts, (names) =>
      fc
        .tuple(names, comparisons, quoted)
        .map(([field, is, literal]) => `${field}/any(t: t ${is} ${literal})`),
    ),
  )
}

/** Comparisons of anything with anything. */
const wildLeaves: Words = fc.oneof(
  spaced(fields, operators, literals),
  spaced(literals, operators, fields),
  fc.tuple(functions, fields, literals).map(([name, field, literal]) => `${name}(${field},${literal})`),
  fc
    .tuple(fields, fc.array(literals, { maxLength: 6 }))
    .map(([field, list]) => `${field} in (${list.join(',')})`),
  fc
    .tuple(fields, operators, literals)
    .map(([field, operator, literal]) => `${field}/any(t: t ${operator} ${literal})`),
)

function joined(leaves: Words): Words {
  return fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      leaves,
      tie('filter').map((inner) => `not ${inner}`),
      tie('filter').map((inner) => `(${inner})`),
      spaced(tie('filter'), anyCase(fc.constantFrom('and', 'or')), tie('filter')),
    ),
  })).filter
}

/** Filters at and beyond the limits of depth, of comparisons and of length. */
const huge = fc
  .record({
    leaf: fc.tuple(fields, operators, literals).map((parts) => parts.join(' ')),
    times: fc.constantFrom(1, 63, 64, 65, 499, 501, 3_000),
    shape: fc.constantFrom<(leaf: string, times: number) => string>(
      (leaf, times) => '('.repeat(times) + leaf + ')'.repeat(times),
      (leaf, times) => 'not '.repeat(times) + leaf,
      (leaf, times) => '('.repeat(times) + leaf,
      (leaf, times) => Array.from({ length: times }, () => leaf).join(' or '),
      (leaf, times) => `id in (${Array.from({ length: times }, (_, n) => `'${n}'`).join()})${leaf}`,
      (_, times) => `${'machineTags/any(t: '.repeat(times)}t eq 'x'${')'.repeat(times)}`,
      (leaf, times) => `contains(computerDnsName,'${leaf.replaceAll("'", '').repeat(times)}')`,
      (_, times) => `contains(computerDnsName,'${'%'.repeat(times)}${'_'.repeat(times)}')`,
    ),
  })
  .map(({ leaf, times, shape }) => shape(leaf, times).slice(0, 14_000))

const SNIPPETS = [
  '(',
  ')',
  "'",
  ',',
  ':',
  '/',
  ' and ',
  ' or ',
  'not ',
  ' eq ',
  ' in (',
  'any(',
  '$',
  '--',
  'null',
]

/** A `$filter`: one that the list understands, one with something wrong in it, one that is too much, and garbage. */
export function filterTexts(list: ListFields): Words {
  const right = joined(rightLeaves(list))
  const wild = joined(
    fc.oneof({ weight: 3, arbitrary: rightLeaves(list) }, { weight: 1, arbitrary: wildLeaves }),
  )
  return fc.oneof(
    { weight: 5, arbitrary: right },
    { weight: 2, arbitrary: wild },
    { weight: 4, arbitrary: mutated(right, SNIPPETS) },
    { weight: 1, arbitrary: huge },
    { weight: 1, arbitrary: oddTexts },
  )
}

const directions = fc.constantFrom('', ' asc', ' desc', ' DESC', ' sideways', ' asc desc')
const orders = fc
  .array(
    fc.tuple(fields, directions).map((parts) => parts.join('')),
    { maxLength: 13 },
  )
  .map((keys) => keys.join())
const orderTexts = fc.oneof(orders, mutated(orders, [',', ' ', '/', '(', 'asc']), oddTexts)
const wholes = fc.oneof(
  fc.nat({ max: 12 }).map(String),
  numbers,
  fc.constantFrom('10000', '10001', '-1', ' 5 ', '1e3', '9007199254740991', '9007199254740992'),
  oddTexts,
)
/** What a token of ours looks like inside, and what it may look like after somebody took it apart. */
const tokens = fc.oneof(
  fc.json().map((text) => Buffer.from(text).toString('base64url')),
  fc
    .array(fc.oneof(fc.integer(), fc.string(), fc.constant(null)), { maxLength: 4 })
    .map((list) => Buffer.from(JSON.stringify(list)).toString('base64url')),
  oddTexts,
)

/** Pairs of a query on a list, by name in any case; a name may come twice. */
export function listOptions(list: ListFields): fc.Arbitrary<readonly (readonly [string, string])[]> {
  const own = fc.constantFrom(...list.text, ...list.instant, ...list.number)
  const rightOrders = fc
    .array(spaced(own, fc.constantFrom('asc', 'desc')), { minLength: 1, maxLength: 3 })
    .map((keys) => keys.join())
  return fc.array(
    fc.oneof(
      fc.tuple(anyCase(fc.constant('$filter')), joined(rightLeaves(list))),
      fc.tuple(anyCase(fc.constant('$orderby')), fc.oneof(rightOrders, orderTexts)),
      fc.tuple(fc.constantFrom('$top', '$skip', '$Top', '%24skip'), wholes),
      fc.tuple(fc.constant('$skiptoken'), tokens),
      fc.tuple(fc.constant('$count'), fc.constantFrom('true', 'FALSE', '', '1', 'maybe')),
      fc.tuple(
        fc.constantFrom('$select', '$expand', '$format', '$apply', '$search', '$compute', '$'),
        oddTexts,
      ),
      fc.tuple(fc.constantFrom('tag', 'useStartsWithFilter', 'api-version', 'x'), oddTexts),
    ),
    { maxLength: 4 },
  )
}
