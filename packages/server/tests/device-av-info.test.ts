// https://learn.microsoft.com/en-us/defender-endpoint/api/device-health-export-antivirus-health-report-api
import type { DeviceAvInfo, Inventory } from '@fleetsweep/protocol'
import {
  FakeAgent,
  type FakeMachine,
  sampleInventory,
  sampleInventoryEngine,
  sampleReport,
  until,
} from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

type List = { '@odata.context': string; '@odata.nextLink'?: string; value: DeviceAvInfo[] }

const OFFICIAL: Inventory['engine'] = {
  ...sampleInventoryEngine,
  signatures: {
    official: true,
    version: '27500',
    builtAt: '2026-11-22T08:00:00Z',
    count: 8_000_000,
    identity: 'd'.repeat(64),
  },
}

describe.each(['sqlite', 'postgres'] as const)('device antivirus info on %s', (database) => {
  let server: TestServer
  let [first, second, third]: FakeMachine[] = []

  const ask = (target: string) => {
    // Seldom enough for the limit.
    server.clock.advance('3s')
    return server.call(target)
  }
  const list = async (query = ''): Promise<List> => {
    const answer = await ask(`GET /api/deviceavinfo${query}`)
    expect(answer.status).toBe(200)
    return (await answer.json()) as List
  }
  const names = async (filter: string) => {
    const { value } = await list(`?$filter=${encodeURIComponent(filter)}&$orderby=computerDnsName`)
    return value.map(({ computerDnsName }) => computerDnsName)
  }
  const one = async (name: string): Promise<DeviceAvInfo> => {
    const [found] = (await list(`?$filter=computerDnsName+eq+'${name}'`)).value
    if (!found) throw new Error(`There is no entry of ${name}.`)
    return found
  }

  beforeAll(async () => {
    server = await TestServer.start({ database })
    ;[first, second, third] = await Promise.all(['alpha', 'beta', 'gamma'].map((name) => server.enroll(name)))
    if (!first || !second || !third) throw new Error('There are three machines here.')
    server.clock.advance('1m')
    {
      await using agent = await FakeAgent.open(server.url, first)
      const inventory = { ...sampleInventory('alpha'), engine: OFFICIAL }
      agent.send({ type: 'inventory', inventory })
      const quick = await server.requestScan(first)
      await agent.nextOrder()
      await agent.tell(quick.id, 1, { kind: 'accepted' })
      server.clock.advance('1m')
      await agent.tell(quick.id, 2, { kind: 'finished', report: sampleReport() })
    }
    await using agent = await FakeAgent.open(server.url, second)
    const full = await server.requestScan(second, 'Full')
    await agent.nextOrder()
    await agent.tell(full.id, 1, { kind: 'accepted' })
    await server.call(`POST /api/machineactions/${full.id}/cancel`)
    const engine: Inventory['engine'] = { name: 'ClamAV', version: null, state: 'missing', signatures: null }
    const inventory: Inventory = {
      ...sampleInventory('beta'),
      osKind: 'macos',
      osPlatform: 'macOS',
      engine,
    }
    agent.send({ type: 'inventory', inventory })
    await until(async () => (await one('beta')).avMode === '2', 'the second machine told of its engine')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('shows engine, signatures and a finished scan, every property in its place', async () => {
    const info = await one('alpha')
    expect(info).toEqual({
      id: first?.machineId,
      machineId: first?.machineId,
      computerDnsName: 'alpha',
      osKind: 'linux',
      osPlatform: 'Debian',
      osVersion: '12.11',
      avMode: '3',
      avSignatureVersion: '27500',
      avEngineVersion: '1.4.6',
      avPlatformVersion: null,
      lastSeenTime: expect.any(String),
      quickScanResult: 'Completed',
      quickScanError: '',
      quickScanTime: expect.stringMatching(/^2026-11-23T08:02:00\.?\d*Z$/),
      fullScanResult: '',
      fullScanError: '',
      fullScanTime: null,
      dataRefreshTimestamp: info.quickScanTime,
      avEngineUpdateTime: null,
      avSignatureUpdateTime: expect.stringMatching(/^2026-11-23T08:01:00\.?\d*Z$/),
      avPlatformUpdateTime: null,
      avIsSignatureUpToDate: 'True',
      avIsEngineUpToDate: 'Unknown',
      avIsPlatformUpToDate: 'Unknown',
      avSignaturePublishTime: '2026-11-22T08:00:00Z',
      rbacGroupName: null,
      rbacGroupId: 0,
    })
    expect(Object.keys(info).join(' ')).toBe(
      'id machineId computerDnsName osKind osPlatform osVersion avMode avSignatureVersion avEngineVersion avPlatformVersion lastSeenTime quickScanResult quickScanError quickScanTime fullScanResult fullScanError fullScanTime dataRefreshTimestamp avEngineUpdateTime avSignatureUpdateTime avPlatformUpdateTime avIsSignatureUpToDate avIsEngineUpToDate avIsPlatformUpToDate avSignaturePublishTime rbacGroupName rbacGroupId',
    )
  })

  it('says the same of signatures as the machine does', async () => {
    const machines = (await (await server.call('GET /api/machines')).json()) as {
      value: { computerDnsName: string; defenderAvStatus: string }[]
    }
    expect(
      Object.fromEntries(
        machines.value.map(({ computerDnsName, defenderAvStatus }) => [computerDnsName, defenderAvStatus]),
      ),
    ).toEqual({ alpha: 'Updated', beta: 'Disabled', gamma: 'NotUpdated' })
    const { value } = await list()
    expect(
      Object.fromEntries(value.map((info) => [info.computerDnsName, info.avIsSignatureUpToDate])),
    ).toEqual({ alpha: 'True', beta: 'Unknown', gamma: 'False' })
  })

  it.each([
    ["osKind eq 'mac'", ['beta']],
    ["osPlatform eq 'debian'", ['alpha', 'gamma']],
    ["osVersion eq '12.11' and osKind ne 'mac'", ['alpha', 'gamma']],
    ["avMode eq '2'", ['beta']],
    ['avMode ne 2', ['alpha', 'gamma']],
    ["avMode eq '0'", []],
    ["avSignatureVersion eq '27500'", ['alpha']],
    ["startswith(avEngineVersion,'1.4.')", ['alpha', 'gamma']],
    ['avEngineVersion eq null', ['beta']],
    ['avPlatformVersion eq null', ['alpha', 'beta', 'gamma']],
    ["quickScanResult eq 'Completed'", ['alpha']],
    ["quickScanResult in ('Failed', '')", ['beta', 'gamma']],
    ["quickScanError ne ''", []],
    ["fullScanResult eq 'canceled'", ['beta']],
    ["fullScanError eq '0x80004004'", ['beta']],
    ["avIsSignatureUpToDate eq 'False'", ['gamma']],
    ["avIsSignatureUpToDate eq 'Unknown'", ['beta']],
    ["avIsEngineUpToDate eq 'Unknown' and avIsPlatformUpToDate eq 'Unknown'", ['alpha', 'beta', 'gamma']],
    ['rbacGroupId eq 0', ['alpha', 'beta', 'gamma']],
    ['quickScanTime gt 2026-11-23T08:00:00Z', ['alpha']],
  ])('finds machines where %s', async (filter, found) => {
    expect(await names(filter)).toEqual(found)
  })

  it('finds a machine by its id, and goes on page by page from a next link', async () => {
    expect(await names(`machineId eq '${third?.machineId.toUpperCase()}'`)).toEqual(['gamma'])
    const page = await list('?$top=10000&$count=true')
    expect(page).toMatchObject({ '@odata.count': 3, value: { length: 3 } })
    expect(page['@odata.context']).toBe(`${server.url}/api/$metadata#DeviceAvInfo`)
    expect((await list('?$top=1&$skip=1&$orderby=computerDnsName+desc')).value).toMatchObject([
      { computerDnsName: 'beta' },
    ])
    const counted = await ask("GET /api/deviceavinfo/$count?$filter=osKind+eq+'linux'")
    expect(await counted.text()).toBe('2')
  })

  it('is there under the name of Microsoft’s overview, too', async () => {
    const answer = await ask('GET /api/v1.0/public/avdeviceshealth?$top=1')
    expect(answer.status).toBe(200)
    expect((await ask('GET /api/public/avdeviceshealth/$count')).status).toBe(200)
  })

  it.each(["rbacGroupName eq 'x'", "id eq 'x'", "quickScanTime gt 'today'"])(
    'answers 400 ODataError for %s',
    async (filter) => {
      const answer = await ask(`GET /api/deviceavinfo?$filter=${encodeURIComponent(filter)}`)
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'ODataError' } }])
    },
  )

  it('answers 30 calls a minute', async () => {
    server.clock.advance('2m')
    const statuses = []
    for (let call = 0; call < 31; call += 1) {
      statuses.push((await server.call('GET /api/deviceavinfo/$count')).status)
    }
    expect(statuses).toEqual([...Array<number>(30).fill(200), 429])
    server.clock.advance('2m')
  })
})
