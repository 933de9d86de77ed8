// https://learn.microsoft.com/en-us/defender-endpoint/api/alerts
import type { MachineId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from '../api-server.ts'
import { DatabaseRows } from '../database-rows.ts'
import { accepted, detected, finished, started } from '../stores/builders.ts'
import { ClientWorld, type List } from './clients.ts'

const LARGEST_PAGE = 10_000

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('clients and what was found on %s', (_, openDatabase) => {
  let world: ClientWorld
  let machine: MachineId

  beforeAll(async () => {
    world = await ClientWorld.open(openDatabase)
    machine = await world.api.machine(1)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const get = (path: string) => world.call('connector', `GET ${path}`)
  const list = async (path: string) => {
    const answer = await get(path)
    expect({ path, status: answer.status, text: answer.text }).toMatchObject({ path, status: 200 })
    return answer.json<List>()
  }
  const scanThatFinds = async (path: string) => {
    const { id } = (await world.scan(machine, 'Quick')).json()
    for (const [index, event] of [accepted, started(), detected(path), finished].entries()) {
      await world.api.of.scans.takeEvent({
        machineId: machine,
        actionId: id as never,
        number: index + 1,
        event,
        reportUrl: 'https://fleet.example',
        silenceMs: 3_600_000,
      })
    }
  }

  it('A.16 the usual test of a connection, one alert at most, is a 200 with a value', async () => {
    expect((await list('/api/alerts?$top=1')).value).toEqual([])
    await scanThatFinds('/srv/upload/eicar.com')
    expect((await list('/api/alerts?$top=1')).value).toHaveLength(1)
  })

  it('A.9 alerts and antivirus information are filtered and ordered by all that the documentation names', async () => {
    const alert =
      'alertCreationTime lastUpdateTime incidentId investigationId id assignedTo detectionSource lastEventTime status severity category'
    const antivirus =
      'machineId computerDnsName osKind osPlatform osVersion avMode avSignatureVersion avEngineVersion avPlatformVersion quickScanResult quickScanError fullScanResult fullScanError avIsSignatureUpToDate avIsEngineUpToDate avIsPlatformUpToDate rbacGroupId'
    for (const [path, properties] of [
      ['/api/alerts', alert],
      ['/api/deviceavinfo', antivirus],
    ] as const) {
      for (const property of properties.split(' ')) {
        const query = `$filter=${property}+ne+null+or+${property}+eq+null&$orderby=${property}+desc`
        expect({ property, found: (await list(`${path}?${query}`)).value.length }).toEqual({
          property,
          found: 1,
        })
      }
    }
  })

  it('C.4 alerts are listed, with their evidence where it is asked for, and one is shown', async () => {
    await scanThatFinds('/srv/upload/eicar.com')
    const [bare] = (await list('/api/alerts?$filter=alertCreationTime+gt+2026-11-01T00:00:00Z&$top=100'))
      .value
    expect(bare).toMatchObject({ machineId: machine, detectionSource: 'WindowsDefenderAv', evidence: [] })
    const [full] = (await list('/api/alerts?$expand=evidence&$orderby=alertCreationTime+desc')).value
    expect(full).toMatchObject({
      id: bare?.id,
      evidence: [{ entityType: 'File', fileName: 'eicar.com', sha256: expect.any(String) }],
    })
    const one = await get(`/api/alerts/${bare?.id}`)
    expect(one.status).toBe(200)
    expect(one.json().id).toBe(bare?.id)
    expect((await list(`/api/machines/${machine}/alerts`)).value.map(({ id }) => id)).toEqual([bare?.id])
    const missing = await get('/api/alerts/da637472900382838869_1364969609')
    expect(missing.status).toBe(404)
    expect(missing.json()).toMatchObject({ error: { code: 'ResourceNotFound' } })
  })

  it('C.11 antivirus information is listed, page by page', async () => {
    await scanThatFinds('/srv/upload/eicar.com')
    const one = await list(`/api/deviceavinfo?$filter=machineId+eq+'${machine}'`)
    expect(one.value).toMatchObject([
      { machineId: machine, osKind: 'linux', quickScanResult: 'Completed', fullScanResult: '' },
    ])
    await using rows = await DatabaseRows.open(world.api.database)
    const copies = { prefix: '0'.repeat(28), copies: LARGEST_PAGE }
    await rows.multiply('machine', { of: ['id', machine], numbered: ['id', 'public_key'], ...copies })
    await rows.multiply('antivirus_info', { of: ['machine', machine], numbered: ['machine'], ...copies })
    const first = await list('/api/deviceavinfo')
    const next = first['@odata.nextLink'] ?? ''
    expect(next.startsWith(`${world.origin}/api/deviceavinfo?`)).toBe(true)
    const second = await list(next.slice(world.origin.length))
    const found = [...first.value, ...second.value].map((entry) => entry.machineId)
    expect(found.length).toBe(LARGEST_PAGE + 1)
    expect(new Set(found).size).toBe(LARGEST_PAGE + 1)
    expect(second['@odata.nextLink']).toBeUndefined()
  })
})
