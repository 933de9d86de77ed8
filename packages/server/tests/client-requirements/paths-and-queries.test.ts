// https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-odata-samples
import type { MachineId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from '../api-server.ts'
import { DatabaseRows } from '../database-rows.ts'
import { ClientWorld, type List } from './clients.ts'

const LARGEST_PAGE = 10_000

/** What clients ask of machines, in their own spelling, and the machines that fit: 1 is older than 2. */
const MACHINE_QUERIES: readonly [string, readonly number[]][] = [
  ["$filter=computerDnsName+eq+'web-01.contoso.example'", [1]],
  ["$filter=computerDnsName eq 'WEB-01.contoso.example'", [1]],
  ["%24filter=ComputerDnsName%20eq%20'web-01.contoso.example'", [1]],
  ["$filter=osPlatform eq 'Windows11'and healthStatus eq 'Active'", [2]],
  ["$filter=OSPLATFORM EQ 'Debian' OR osPlatform EQ 'Windows11'", [2, 1]],
  ["$filter=not (osPlatform eq 'Debian')", [2]],
  ["$filter=(osPlatform ne 'Debian') and osBuild ge 22000", [2]],
  ['$filter=osBuild gt 22000 and osBuild le 99999', [2]],
  ["$filter=osPlatform in ('Windows10','Windows11')", [2]],
  ["$filter=startswith(computerDnsName,'web')", [1]],
  ["$filter=endswith(computerDnsName, '.example')", [2, 1]],
  ["$filter=contains(computerDnsName, 'laptop')", [2]],
  ["$filter=machineTags/any(t: t eq 'crown jewels')", [1]],
  ["$filter=machineTags/any(tag: tag eq 'nowhere')", []],
  ['$filter=aadDeviceId eq 11111111-2222-4333-8444-555555555555', []],
  ['$filter=lastSeen gt 2018-08-01Z', [2, 1]],
  ['$filter=lastSeen ge 2026-11-23T09:00:00Z', [2]],
  ['$filter=lastSeen lt 2026-11-23T09:00:00.0000000Z', [1]],
  ['$filter=lastSeen lt 2026-11-23T09:00:00.1Z', [2, 1]],
  ['$top=1&$orderby=lastSeen asc', [1]],
  ['$orderby=computerDnsName desc', [1, 2]],
  ['$orderby=osPlatform,lastSeen desc', [1, 2]],
  ['$skip=1&$orderby=lastSeen desc', [1]],
  ['$top=10000', [2, 1]],
  ['$top=100&', [2, 1]],
  ['$filter=', [2, 1]],
]

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('clients and what they write into an address, on %s', (_, openDatabase) => {
  let world: ClientWorld
  let ids: MachineId[]
  let scans: string[]

  beforeAll(async () => {
    world = await ClientWorld.open(openDatabase)
    const web = await world.api.machine(1, { computerDnsName: 'web-01.contoso.example' }, ['crown jewels'])
    await world.pass('1h')
    const laptop = {
      computerDnsName: 'laptop-7.contoso.example',
      osPlatform: 'Windows11',
      osKind: 'windows',
      osBuild: 22_631,
    } as const
    ids = [web, await world.api.machine(2, laptop)]
    scans = []
    for (const id of ids) {
      scans.push(String((await world.scan(id)).json().id))
      await world.pass('1h')
    }
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const list = async (path: string) => {
    const answer = await world.call('poller', `GET ${path}`)
    expect({ path, status: answer.status, text: answer.text }).toMatchObject({ path, status: 200 })
    return answer.json<List>()
  }
  const numbers = (value: List['value'], of: readonly string[]) =>
    value.map(({ id }) => of.indexOf(String(id)) + 1)

  it('A.7 paths are taken in any case, with the version or without, with a slash at the end or without', async () => {
    for (const path of [
      '/api/machines',
      '/api/machines/',
      '/api/v1.0/machines',
      '/API/V1.0/Machines/',
      '/api/Machines/?$top=10',
      '/api/v1.0/MACHINES?$top=10',
    ]) {
      expect(numbers((await list(path)).value, ids)).toEqual([2, 1])
    }
    for (const path of [`/api/machineActions/${scans[0]}`, `/API/v1.0/MachineActions/${scans[0]}/`]) {
      expect((await world.call('connector', `GET ${path}`)).json().id).toBe(scans[0])
    }
  })

  it('A.8 raw characters, pluses, escapes, an empty parameter and the body of a GET are fine', async () => {
    const filter = "computerDnsName+eq+'web-01.contoso.example'"
    for (const query of [`$filter=${filter}`, `%24filter=${filter}&`, `$filter=${filter}&$top=100&`]) {
      expect(numbers((await list(`/api/machines?${query}`)).value, ids)).toEqual([1])
    }
    const quoted = `$filter=computerDnsName%20eq%20'web-01.contoso.example'`
    expect(numbers((await list(`/api/machines?${quoted}`)).value, ids)).toEqual([1])
    const withBody = await world.call('responder', 'GET /api/machines', '{}', [
      'Content-Type: application/json',
    ])
    expect(withBody.status).toBe(200)
  })

  it('A.9 a filter is understood in every spelling that clients use', async () => {
    for (const [query, found] of MACHINE_QUERIES) {
      const { value } = await list(`/api/machines?${query.replaceAll(' ', '+')}`)
      expect({ query, found: numbers(value, ids) }).toEqual({ query, found })
    }
    const polled = `$filter=lastUpdateDateTimeUtc+gt+2026-11-23T09:30:00.0000000Z&$orderby=lastUpdateDateTimeUtc+asc&$top=100&$skip=0`
    expect(numbers((await list(`/api/machineactions?${polled}`)).value, scans)).toEqual([2])
    const byIds = `$filter=id+in+('${scans[0]}',${scans[1]})+and+machineId+eq+'${ids[1]}'`
    expect(numbers((await list(`/api/machineactions?${byIds}`)).value, scans)).toEqual([2])
    const counted = await list("/api/machineactions?$count=true&$top=1&$filter=status+eq+'Pending'")
    expect(counted['@odata.count']).toBe(2)
    const bare = await world.call('connector', "GET /api/machineactions/$count?$filter=status+eq+'Pending'")
    expect(bare.text).toBe('2')
  })

  it('A.9 every property that clients filter by can be ordered by', async () => {
    const machine =
      'id computerDnsName version deviceValue aadDeviceId lastSeen firstSeen exposureLevel onboardingStatus lastIpAddress healthStatus osPlatform riskScore rbacGroupId rbacGroupName'
    const action = 'id status machineId type requestor creationDateTimeUtc lastUpdateDateTimeUtc scope'
    for (const [path, properties] of [
      ['/api/machines', machine],
      ['/api/machineactions', action],
    ] as const) {
      for (const property of properties.split(' ')) {
        expect((await list(`${path}?$orderby=${property}+desc`)).value).toHaveLength(2)
        expect((await list(`${path}?$filter=${property}+ne+null&$orderby=${property}`)).value).toEqual(
          expect.any(Array),
        )
      }
    }
  })

  it('A.10 the next page is at an absolute address below the base URL of the caller', async () => {
    await using rows = await DatabaseRows.open(world.api.database)
    await rows.multiply('machine_action', {
      of: ['id', scans[0] ?? ''],
      numbered: ['id'],
      prefix: '00000000-0000-4000-8000-',
      copies: LARGEST_PAGE,
    })
    const first = await list("/api/v1.0/machineactions?$filter=status+eq+'Pending'")
    const next = first['@odata.nextLink'] ?? ''
    expect(next.startsWith(`${world.origin}/api/`)).toBe(true)
    const second = await list(next.slice(world.origin.length))
    const found = [...first.value, ...second.value].map(({ id }) => id)
    expect([first.value.length, second.value.length]).toEqual([LARGEST_PAGE, scans.length])
    expect(new Set(found).size).toBe(LARGEST_PAGE + scans.length)
    expect(second['@odata.nextLink']).toBeUndefined()
  })
})
