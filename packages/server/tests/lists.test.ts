// https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-odata-samples
import type { MachineActionId, MachineId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiCaller,
  type ApiDatabase,
  ApiServer,
  postgresDatabase,
  refusalOf,
  sqliteDatabase,
} from './api-server.ts'

type List = {
  '@odata.context': string
  '@odata.count'?: number
  '@odata.nextLink'?: string
  value: Record<string, unknown>[]
}

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('lists on %s', (_, open: () => Promise<ApiDatabase>) => {
  let api: ApiServer
  let ask: ApiCaller
  /** Ids of machines and of the scan on each, oldest first. */
  const machines: MachineId[] = []
  const scans: MachineActionId[] = []

  beforeAll(async () => {
    api = await ApiServer.start(open)
    const given = [
      { computerDnsName: 'Alpha.contoso.example' },
      {
        computerDnsName: 'beta_1.contoso.example',
        osPlatform: 'Windows11',
        osKind: 'windows',
        osBuild: 22_631,
      },
      { computerDnsName: 'BETA%2.contoso.example', osVersion: null },
    ] as const
    for (const [index, inventory] of given.entries()) {
      const id = await api.machine(index + 1, inventory, index === 0 ? ['Lab', 'It’s "odd"'] : ['lab'])
      machines.push(id)
      api.clock.advance('1h')
      ask = await api.caller()
      const scan = await ask(`POST /api/machines/${id}/runAntiVirusScan`, {
        body: {
          Comment: 'c',
          ScanType: index === 1 ? 'Full' : 'Quick',
          ExternalId: index === 2 ? 'Case-7' : null,
        },
      })
      scans.push(scan.json<{ id: MachineActionId }>().id)
      api.clock.advance('1h')
    }
    ask = await api.caller()
    // Time passed for the first: its last word is from later than its creation.
    await ask(`POST /api/machineactions/${scans[0]}/cancel`, { body: { Comment: null } })
  })
  afterAll(() => api[Symbol.asyncDispose]())

  /** Numbers (1 to 3) of what a list holds, in its order. */
  const numbers = async (path: string, query: string, ids: readonly string[]): Promise<number[]> => {
    const answer = await ask(`GET ${path}?${query}`)
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 })
    return answer.json<List>().value.map(({ id }) => ids.indexOf(String(id)) + 1)
  }
  const machinesBy = (filter: string, more = '') =>
    numbers('/api/machines', `$filter=${encodeURIComponent(filter)}${more}`, machines)
  const scansBy = (filter: string, more = '') =>
    numbers('/api/machineactions', `$filter=${encodeURIComponent(filter)}${more}`, scans)

  it('answers machines most recently heard of first, and actions newest first', async () => {
    expect(await numbers('/api/machines', '', machines)).toEqual([3, 2, 1])
    expect(await numbers('/api/machineactions', '', scans)).toEqual([3, 2, 1])
    const list = (await ask('GET /api/machines?$top=1&')).json<List>()
    expect(Object.keys(list)).toEqual(['@odata.context', 'value'])
    expect(list['@odata.context']).toBe(`${api.origin}/api/$metadata#Machines`)
    const actions = (await ask('GET /api/machineactions?$count=true&$top=0')).json<List>()
    expect(actions).toEqual({
      '@odata.context': `${api.origin}/api/$metadata#MachineActions`,
      '@odata.count': 3,
      value: [],
    })
  })

  it('pages by $top and $skip, and counts what fits the filter', async () => {
    expect(await numbers('/api/machineactions', '$top=1&$skip=1', scans)).toEqual([2])
    expect(
      await numbers('/api/machineactions', '%24top=2&%24orderby=creationDateTimeUtc+asc', scans),
    ).toEqual([1, 2])
    const filter = encodeURIComponent("scope eq 'Quick'")
    const list = (await ask(`GET /api/machineactions?$filter=${filter}&$count=TRUE&$top=1`)).json<List>()
    expect(list['@odata.count']).toBe(2)
    for (const path of ['/api/machineactions/$count', '/api/v1.0/MachineActions/%24Count/']) {
      const answer = await ask(`GET ${path}?$filter=${filter}`)
      expect({ text: answer.text, type: answer.headers['content-type'] }).toEqual({
        text: '2',
        type: 'text/plain; charset=utf-8',
      })
    }
    expect((await ask('GET /api/machines/$count')).text).toBe('3')
  })

  it.each([
    ["computerDnsName eq 'alpha.CONTOSO.example'", [1]],
    ["ComputerDnsName ne 'alpha.contoso.example'", [3, 2]],
    ["startswith(computerDnsName, 'beta')", [3, 2]],
    ["startswith(computerDnsName,'beta_')", [2]],
    ["contains(computerDnsName,'%')", [3]],
    ["endswith(computerdnsname,'EXAMPLE')", [3, 2, 1]],
    ["contains(computerDnsName,'\\')", []],
    ["osPlatform eq 'windows11'", [2]],
    ["osPlatform in ('Windows11','Linux','debian')", [3, 2, 1]],
    ["machineTags/any(t: t eq 'lab')", [3, 2]],
    ['machineTags/any(t: t eq \'It’s "odd"\')', [1]],
    ["machineTags/any(tag: startswith(tag,'L')) or osBuild gt 22000", [2, 1]],
    ["not machineTags/any(t: t eq 'lab')", [1]],
    ['osVersion eq null', [3]],
    ['osVersion ne null', [2, 1]],
    ["osVersion ne '12.11'", [3]],
    ["not (osVersion eq '12.11')", [3]],
    ["osVersion in (null, '12.11')", [3, 2, 1]],
    ['osBuild lt 99999', [2]],
    ['not (osBuild lt 99999)', [3, 1]],
    ['lastSeen gt 2026-11-23T09:00:00.0000000Z', [3, 2]],
    ['lastSeen le 2026-11-23T10:00:01Z', [2, 1]],
    ['lastSeen ge 2026-11-24Z', []],
    ["healthStatus eq 'active'", [3, 2, 1]],
    ["onboardingStatus eq 'onboarded' and riskScore eq 'none'", [3, 2, 1]],
    ["riskScore eq 'High' or exposureLevel in ('High')", []],
    ['rbacGroupId eq 0', [3, 2, 1]],
    ['isPotentialDuplication eq false', [3, 2, 1]],
    ['aadDeviceId eq 11111111-2222-4333-8444-555555555555', []],
    ['aadDeviceId eq null', [3, 2, 1]],
  ])('finds machines where %s', async (filter, found) => {
    expect(await machinesBy(filter)).toEqual(found)
  })

  it('finds a machine by its id, quoted, in any case', async () => {
    expect(await machinesBy(`id eq '${machines[1]?.toUpperCase()}'`)).toEqual([2])
  })

  it.each([
    ["status eq 'Pending'", [3, 2]],
    ["Status eq 'pending' and type eq 'RunAntivirusScan'", [3, 2]],
    ["status ne 'Pending'", [1]],
    ["scope in ('FULL')", [2]],
    ["requestor eq 'PLAYBOOKS'", [3, 2, 1]],
    ["externalId eq 'Case-7'", [3]],
    ["externalId eq 'case-7'", []],
    ['externalId eq null', [2, 1]],
    ['creationDateTimeUtc gt 2026-11-23T10:00:00Z', [3, 2]],
    ['errorHResult eq -2147467260', [1]],
    ['cancellationDateTimeUtc ne null', [1]],
    ["requestSource eq 'publicapi'", [3, 2, 1]],
    ["status eq 'NoSuchStatus'", []],
  ])('finds actions where %s', async (filter, found) => {
    expect(await scansBy(filter)).toEqual(found)
  })

  it('finds actions by their ids and machines, quoted and not', async () => {
    expect(await scansBy(`id eq ${scans[1]}`)).toEqual([2])
    expect(await scansBy(`id in ('${scans[0]}', ${scans[1]})`)).toEqual([2, 1])
    expect(await scansBy(`machineId eq '${machines[2]}'`)).toEqual([3])
  })

  it('follows changes as connectors do, by their time of update', async () => {
    const query = '&$orderby=lastUpdateDateTimeUtc asc&$top=100&$skip=0'.replaceAll(' ', '%20')
    expect(await scansBy('lastUpdateDateTimeUtc gt 2026-11-23T08:00:00.000Z', query)).toEqual([2, 3, 1])
    expect(await scansBy('lastUpdateDateTimeUtc gt 2026-11-23T13:30:00.000Z', query)).toEqual([1])
  })

  it('orders by several properties, nulls before all else', async () => {
    const by = (order: string) => numbers('/api/machines', `$orderby=${encodeURIComponent(order)}`, machines)
    expect(await by('computerDnsName')).toEqual([1, 3, 2])
    expect(await by('computerDnsName desc')).toEqual([2, 3, 1])
    expect(await by('osBuild desc,lastSeen asc')).toEqual([2, 1, 3])
    expect(await by('osBuild,lastSeen desc')).toEqual([3, 1, 2])
    expect(await by('healthStatus, osPlatform desc, lastSeen')).toEqual([2, 1, 3])
  })

  it.each([
    '$filter=nothing eq 1',
    "$filter=lastSeen gt 'yesterday'",
    '$filter=lastSeen gt 5',
    "$filter=osBuild gt 'many'",
    '$filter=osBuild gt 1.5',
    "$filter=machineTags eq 'lab'",
    "$filter=osPlatform/any(t: t eq 'x')",
    "$filter=machineTags/any(t: id eq 'x')",
    "$filter=contains(lastSeen,'2026')",
    "$filter=computerDnsName eq 'x",
    '$filter=isPotentialDuplication eq 1',
    '$top=10001',
    '$top=-1',
    '$skip=x',
    '$count=maybe',
    '$orderby=nothing',
    '$orderby=machineTags',
    '$orderby=lastSeen sideways',
    '$skiptoken=x',
    '$apply=aggregate($count as n)',
  ])('answers 400 ODataError for %s', async (query) => {
    const answer = await ask(`GET /api/machines?${query.replaceAll(' ', '+')}`)
    expect(refusalOf(answer)).toMatchObject({ status: 400, code: 'ODataError' })
  })

  it('shows a machine by id, by name and as the list shows it', async () => {
    const [listed] = (await ask('GET /api/machines?$top=1')).json<List>().value
    for (const name of [machines[2], machines[2]?.toUpperCase(), 'beta%252.CONTOSO.example']) {
      const answer = await ask(`GET /api/machines/${name}`)
      expect(answer.status).toBe(200)
      expect(answer.json()).toEqual({
        '@odata.context': `${api.origin}/api/$metadata#Machines/$entity`,
        ...listed,
      })
    }
    expect(refusalOf(await ask('GET /api/machines/nowhere.example'))).toEqual({
      status: 404,
      code: 'ResourceNotFound',
      message: 'Machine nowhere.example was not found',
    })
  })

  it('keeps every property of a machine in its place', async () => {
    const [machine] = (await ask('GET /api/machines?$top=1')).json<List>().value
    expect(Object.keys(machine ?? {}).join(' ')).toBe(
      'id mergedIntoMachineId isPotentialDuplication isExcluded exclusionReason computerDnsName firstSeen lastSeen osPlatform osVersion osProcessor version lastIpAddress lastExternalIpAddress agentVersion osBuild healthStatus deviceValue rbacGroupId rbacGroupName riskScore exposureLevel isAadJoined aadDeviceId machineTags defenderAvStatus onboardingStatus osArchitecture managedBy managedByStatus ipAddresses vmMetadata',
    )
  })

  it('counts a machine as inactive once it was silent for seven days', async () => {
    api.clock.advance('7d')
    ask = await api.caller()
    expect(await machinesBy("healthStatus eq 'Inactive'", '&$orderby=lastSeen')).toEqual([1, 2, 3])
    expect((await ask(`GET /api/machines/${machines[0]}`)).json()).toMatchObject({ healthStatus: 'Inactive' })
  })
})
