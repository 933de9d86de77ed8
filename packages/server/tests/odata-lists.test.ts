// Every list of the Defender API, asked at random over HTTP: as a plain reading of the query says, on both databases.
import {
  type ListQuery,
  type MachineActionId,
  parseFilter,
  printFilter,
  type UserGroupId,
} from '@fleetsweep/protocol'
import { sampleInventoryEngine } from '@fleetsweep/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiCaller,
  type ApiDatabase,
  ApiServer,
  postgresDatabase,
  refusalOf,
  sqliteDatabase,
} from './api-server.ts'
import { call } from './call.ts'
import type { Item } from './odata/evaluate.ts'
import { API_LISTS, type ApiList, idsInOrder, toItem } from './odata/lists.ts'
import { queriesOf, trickyText } from './odata/random-query.ts'
import {
  accepted,
  auditEntry,
  cancellation,
  detected,
  finished,
  newDeviceGroup,
  newRole,
  newScan,
  newUserGroup,
  rule,
  started,
  told,
  userGroupId,
} from './stores/builders.ts'

const RUNS = 60
const PAGE_SIZE = 4
const MACHINES = 24

type Page = { value: Record<string, unknown>[]; '@odata.nextLink'?: string; '@odata.count'?: number }

/** The same on both databases. */
const texts = fc.sample(trickyText, { numRuns: 400, seed: 4 })

async function fill(api: ApiServer): Promise<void> {
  let at = 0
  const text = () => texts[at++ % texts.length] ?? ''
  const oneOf = <Value>(...values: Value[]): Value => values[at++ % values.length] as Value
  const { of } = api
  const group = newDeviceGroup('Ärzte %', rule('name', 'contains', 'a'), { userGroups: [userGroupId(1)] })
  await of.userGroups.create(newUserGroup(1), auditEntry())
  await of.roles.create(newRole(1, [1]), auditEntry())
  await of.deviceGroups.create(group, auditEntry())
  for (let n = 1; n <= MACHINES; n += 1) {
    const machineId = await api.machine(
      n,
      {
        computerDnsName: `${text()}.${text()}x`,
        osKind: oneOf('linux', 'macos', 'windows'),
        osPlatform: oneOf('Debian', 'debian', 'Windows11', text()),
        osVersion: oneOf(null, '12.11', text()),
        osBuild: oneOf(null, 22_631, -5),
        version: text(),
        agentVersion: text(),
        engine: oneOf(
          { ...sampleInventoryEngine, version: text() },
          { name: 'ClamAV', version: null, state: 'missing', signatures: null },
          { name: 'ClamAV', version: text(), state: 'noSignatures', signatures: null },
        ),
        ipAddresses: oneOf(
          [],
          [{ ipAddress: `192.0.2.${n}`, macAddress: null, type: 'Ethernet', operationalStatus: 'Up' }],
        ),
      },
      oneOf([], [text()], [text(), text()]),
    )
    if (n % 3 === 0) api.clock.advance('13h')
    const id = newScan(n, 0).id as MachineActionId
    await of.machineActions.requestScan(
      newScan(n, 0, {
        machineId,
        scanType: oneOf('Quick', 'Full'),
        requestor: oneOf('Playbooks', text()),
        comment: text(),
        externalId: oneOf(null, text(), `case ${text()}`),
        requestSource: oneOf('PublicApi', 'Portal'),
      }),
    )
    if (n % 4 === 0) api.clock.advance('1h')
    const tell = (number: number, event: Parameters<typeof told>[3]) =>
      of.scans.takeEvent({ ...told(n, 0, number, event), machineId })
    if (n % 3 === 0)
      await of.machineActions.cancel({ ...cancellation(n), requestor: text(), comment: oneOf(null, text()) })
    if (n % 3 === 1) {
      await tell(1, accepted)
      await tell(2, started())
      await tell(
        3,
        detected(`/tmp/${n}`, 1, { threatName: oneOf('Eicar-Test-Signature', `Win.${text()}y-1`) }),
      )
    }
    if (n % 6 === 1) await tell(4, finished)
    expect((await of.machineActions.find(id))?.machineId).toBe(machineId)
  }
}

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('on %s', (_, open: () => Promise<ApiDatabase>) => {
  let api: ApiServer
  let caller: ApiCaller
  /** Some lists may be asked for thirty times a minute: then it is another application's turn. */
  const ask: ApiCaller = async (target) => {
    const answer = await caller(target)
    if (answer.status !== 429) return answer
    caller = await api.caller()
    return caller(target)
  }

  beforeAll(async () => {
    api = await ApiServer.start(open, {}, { pageSize: PAGE_SIZE })
    await fill(api)
    caller = await api.caller()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const readPage = async (target: string, by: ApiCaller = ask): Promise<Page> => {
    const answer = await by(`GET ${target}`)
    expect({ target, status: answer.status, text: answer.text }).toMatchObject({ status: 200 })
    return answer.json<Page>()
  }
  /** All pages of a list by its next links, and how many there were. */
  const readAll = async (list: ApiList, query: string, by: ApiCaller = ask) => {
    const found: Record<string, unknown>[] = []
    let pages = 0
    let target: string | undefined = `${list.path}${query}`
    while (target !== undefined) {
      const page: Page = await readPage(target, by)
      found.push(...page.value)
      pages += 1
      target = page['@odata.nextLink']?.slice(api.origin.length)
    }
    return { found, pages }
  }
  const search = ({ filter, orderBy }: Pick<ListQuery, 'filter' | 'orderBy'>): string => {
    const options = [
      ...(filter ? [`$filter=${encodeURIComponent(printFilter(filter))}`] : []),
      `$orderby=${encodeURIComponent(orderBy.map(({ field, direction }) => `${field} ${direction}`).join(','))}`,
    ]
    return `?${options.join('&')}`
  }
  const sent = ({ filter, orderBy }: Pick<ListQuery, 'filter' | 'orderBy'>) => ({
    orderBy,
    filter: filter && parseFilter(printFilter(filter)),
  })

  describe.each(API_LISTS.map((list) => [list.path, list] as const))('%s', (path, list) => {
    let items: Item[]
    beforeAll(async () => {
      items = (await readAll(list, '')).found.map((shown) => toItem(shown, list))
    })

    it('has entries enough to be asked for', () => {
      expect(items.length).toBeGreaterThan(PAGE_SIZE)
    })

    it('holds what a query asks for, in its order, page by page to the end, and counts it', async () => {
      const queries = queriesOf(list.meaning, items)
      await fc.assert(
        fc.asyncProperty(queries, async (query) => {
          const expected = idsInOrder(items, sent(query), list)
          const { found, pages } = await readAll(list, search(query))
          expect(found.map((shown) => String(shown[list.meaning.id]))).toEqual(expected)
          expect(pages).toBe(Math.max(1, Math.ceil(expected.length / PAGE_SIZE)))
        }),
        { numRuns: RUNS },
      )
    })

    it('takes $top, $skip and $count as they are written', async () => {
      const queries = fc.record({
        query: queriesOf(list.meaning, items),
        top: fc.integer({ min: 0, max: PAGE_SIZE }),
        skip: fc.integer({ min: 0, max: MACHINES }),
      })
      await fc.assert(
        fc.asyncProperty(queries, async ({ query, top, skip }) => {
          const expected = idsInOrder(items, sent(query), list)
          const page = await readPage(`${path}${search(query)}&$top=${top}&$skip=${skip}&$count=true`)
          expect(page.value.map((shown) => String(shown[list.meaning.id]))).toEqual(
            expected.slice(skip, skip + top),
          )
          expect(page['@odata.count']).toBe(expected.length)
          expect(page['@odata.nextLink']).toBeUndefined()
        }),
        { numRuns: RUNS / 2 },
      )
    })

    it('goes on by nothing but its own links', async () => {
      const [, token = ''] = /skiptoken=([^&]*)/.exec((await readPage(path))['@odata.nextLink'] ?? '') ?? []
      expect(token).not.toBe('')
      const id = list.meaning.id
      for (const query of [
        `$orderby=${id}&$skiptoken=${token}`,
        `$skiptoken=${token.slice(0, -4)}`,
        '$skiptoken=W10',
      ]) {
        const refusal = refusalOf(await ask(`GET ${path}?${query}`))
        expect(refusal).toMatchObject({ status: 400, code: 'ODataError' })
        expect(refusal.message).toContain('$skiptoken')
      }
    })

    it('shows nobody more than they reach, whoever their link was made for', async () => {
      const user = await api.user(`reader-${path.slice(5)}@contoso.example`, [userGroupId(1) as UserGroupId])
      const token = await api.userToken(user, ['Machine.Read', 'Alert.Read'])
      const asReader: ApiCaller = (target, options = {}) =>
        call(api.origin, target, { ...options, headers: { authorization: `Bearer ${token}` } })
      const reached = new Set(
        (await readAll(list, '', asReader)).found.map((shown) => String(shown[list.meaning.id])),
      )
      expect(reached.size).toBeGreaterThan(0)
      let target: string | undefined = path
      while (target !== undefined) {
        const all: Page = await readPage(target)
        const theirs = await readPage(target, asReader)
        expect(theirs.value.every((shown) => reached.has(String(shown[list.meaning.id])))).toBe(true)
        target = all['@odata.nextLink']?.slice(api.origin.length)
      }
    })
  })
})
