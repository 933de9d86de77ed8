// https://learn.microsoft.com/en-us/defender-endpoint/api/alerts
import type { Alert, Detection, FleetAuditEntry, FleetDetection, Machine } from '@fleetsweep/protocol'
import { FakeAgent, type FakeMachine, sampleDetection, sampleEngine, sampleReport } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

type List = { '@odata.context': string; '@odata.count'?: number; value: Alert[] }

const PROPERTIES =
  'id incidentId investigationId assignedTo severity status classification determination investigationState detectionSource detectorId category threatFamilyName title description alertCreationTime firstEventTime lastEventTime lastUpdateTime resolvedTime machineId computerDnsName rbacGroupName aadTenantId threatName mitreTechniques relatedUser comments evidence'
const EVIDENCE_PROPERTIES =
  'entityType evidenceCreationTime sha1 sha256 fileName filePath processId processCommandLine processCreationTime parentProcessId parentProcessCreationTime parentProcessFileName parentProcessFilePath ipAddress url registryKey registryHive registryValueType registryValue accountName domainName userSid aadUserId userPrincipalName detectionStatus'
const SHA256 = sampleDetection().sha256

describe.each(['sqlite', 'postgres'] as const)('alerts over HTTP on %s', (database) => {
  let server: TestServer

  beforeAll(async () => {
    server = await TestServer.start({ database })
  })
  // Nobody's rate limit is what is asked for here.
  beforeEach(() => server.clock.advance('1m'))
  afterAll(() => server[Symbol.asyncDispose]())

  /** A whole scan that finds this, asked for as clients do and told of as machines do. */
  const scan = async (machine: FakeMachine, found: readonly Detection[], agent?: FakeAgent) => {
    const { id } = await server.requestScan(machine)
    const own = agent ?? (await FakeAgent.open(server.url, machine))
    await own.nextOrder()
    const detections = found.map((detection) => ({ kind: 'detection', attempt: 1, detection }) as const)
    const report = sampleReport({ detections: found.length })
    const events = [
      { kind: 'accepted' },
      { kind: 'started', attempt: 1, engine: sampleEngine },
      ...detections,
      { kind: 'finished', report },
    ] as const
    for (const [index, event] of events.entries()) await own.tell(id, index + 1, event)
    if (agent === undefined) await own[Symbol.asyncDispose]()
    return id
  }
  const infected = async (name: string, found: readonly Detection[] = [sampleDetection()]) => {
    const machine = await server.enroll(name)
    await scan(machine, found)
    return machine
  }
  const get = async <Body>(path: string): Promise<Body> => {
    const answer = await server.call(`GET ${path}`)
    const text = await answer.text()
    expect({ status: answer.status, text }).toMatchObject({ status: 200 })
    return JSON.parse(text)
  }
  const alertsOf = async ({ machineId }: FakeMachine, query = '') =>
    (await get<List>(`/api/machines/${machineId}/alerts?${query}`)).value
  const alertOf = async (machine: FakeMachine): Promise<Alert> => {
    const [alert, ...others] = await alertsOf(machine, '$expand=evidence')
    expect(others).toEqual([])
    if (!alert) throw new Error('The machine has no alert.')
    return alert
  }
  const patch = (id: string, body: unknown) => server.call(`PATCH /api/alerts/${id}`, { body })
  const refusal = async (answer: Response) => {
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    return { status: answer.status, code: error.code, message: error.message }
  }

  it('answers the usual question whether anybody is there', async () => {
    const answer = await get<List>('/api/alerts?$top=1')
    expect(answer).toEqual({
      '@odata.context': `${server.url}/api/$metadata#Alerts`,
      value: [],
    })
  })

  it('shows what a scan found, every property in its place', async () => {
    const machine = await infected('lab-01.example', [
      { ...sampleDetection('/home/ada/invoice.pdf.exe'), threatName: 'Win.Trojan.Agent-12-0', owner: 'ada' },
    ])
    const alert = await alertOf(machine)
    expect(alert).toEqual({
      id: expect.stringMatching(/^da\d{18}_-?\d{1,10}$/),
      incidentId: 1,
      investigationId: null,
      assignedTo: null,
      severity: 'Medium',
      status: 'New',
      classification: null,
      determination: null,
      investigationState: 'UnsupportedAlertType',
      detectionSource: 'WindowsDefenderAv',
      detectorId: 'f1ee75ee-0000-4000-8000-0000000000a7',
      category: 'Malware',
      threatFamilyName: 'Agent',
      title: "'Win.Trojan.Agent-12-0' malware was detected",
      description:
        "A scan found 'Win.Trojan.Agent-12-0' on lab-01.example in /home/ada/invoice.pdf.exe. The file was reported, not removed.",
      alertCreationTime: expect.stringMatching(/^2026-11-23T08:\d\d:\d\d(\.\d{1,6})?Z$/),
      firstEventTime: alert.alertCreationTime,
      lastEventTime: alert.alertCreationTime,
      lastUpdateTime: alert.alertCreationTime,
      resolvedTime: null,
      machineId: machine.machineId,
      computerDnsName: 'lab-01.example',
      rbacGroupName: null,
      aadTenantId: server.made.tenant.id,
      threatName: 'Win.Trojan.Agent-12-0',
      mitreTechniques: [],
      relatedUser: { userName: 'ada', domainName: null },
      comments: [],
      evidence: [
        expect.objectContaining({
          entityType: 'File',
          evidenceCreationTime: alert.alertCreationTime,
          sha1: null,
          sha256: SHA256,
          fileName: 'invoice.pdf.exe',
          filePath: '/home/ada',
          accountName: 'ada',
          detectionStatus: 'Detected',
        }),
      ],
    })
    expect(Object.keys(alert).join(' ')).toBe(PROPERTIES)
    expect(Object.keys(alert.evidence[0] ?? {}).join(' ')).toBe(EVIDENCE_PROPERTIES)
    expect(await get(`/api/alerts/${alert.id}`)).toEqual({
      '@odata.context': `${server.url}/api/$metadata#Alerts/$entity`,
      ...alert,
    })
  })

  it('lists evidence only for whoever asks for it', async () => {
    const machine = await infected('lab-02.example')
    for (const query of ['', '$expand=', '$expand=comments', '$select=evidence']) {
      expect((await alertsOf(machine, query))[0]?.evidence).toEqual([])
    }
    for (const query of ['$expand=evidence', '%24Expand=Evidence', '$expand=comments,+evidence']) {
      expect((await alertsOf(machine, query))[0]?.evidence).toHaveLength(1)
    }
  })

  it('has one alert after a hundred scans of an infected machine, with its times and places brought up to date', async () => {
    const machine = await server.enroll('lab-03.example')
    await using agent = await FakeAgent.open(server.url, machine)
    await scan(machine, [sampleDetection('/tmp/eicar.com')], agent)
    const first = await alertOf(machine)
    let before = first
    for (let rescan = 1; rescan <= 100; rescan += 1) {
      server.clock.advance('30s')
      await agent.heartbeat()
      const moved = sampleDetection(rescan <= 50 ? '/tmp/eicar.com' : '/home/ada/eicar.com')
      await scan(machine, [sampleDetection('/tmp/eicar.com'), moved], agent)
      const alert = await alertOf(machine)
      expect(alert).toMatchObject({
        id: first.id,
        incidentId: first.incidentId,
        status: 'New',
        alertCreationTime: first.alertCreationTime,
        firstEventTime: first.firstEventTime,
      })
      expect(Date.parse(alert.lastEventTime) - Date.parse(before.lastEventTime)).toBeGreaterThanOrEqual(
        29_000,
      )
      expect(alert.lastUpdateTime).toBe(alert.lastEventTime)
      expect(alert.evidence.map(({ filePath }) => filePath)).toEqual(
        rescan <= 50 ? ['/tmp'] : ['/tmp', '/home/ada'],
      )
      before = alert
    }
    expect(before.description).toBe(
      "A scan found 'Eicar-Test-Signature' on lab-03.example in 2 places, last in /home/ada/eicar.com. That file was reported, not removed.",
    )
    const news = `alertCreationTime gt ${first.alertCreationTime} and machineId eq '${machine.machineId}'`
    expect((await get<List>(`/api/alerts?$filter=${encodeURIComponent(news)}`)).value).toEqual([])
    const scans = await get<{ value: unknown[] }>(
      `/api/machineactions?$filter=${encodeURIComponent(`machineId eq '${machine.machineId}' and status eq 'Succeeded'`)}`,
    )
    expect(scans.value).toHaveLength(101)
  })

  it('opens another alert for what is found after the first was resolved', async () => {
    const machine = await infected('lab-04.example')
    const first = await alertOf(machine)
    const resolved = await patch(first.id, { status: 'Resolved', comment: 'Removed by hand' })
    expect(await resolved.json()).toMatchObject({
      status: 'Resolved',
      resolvedTime: expect.stringMatching(/Z$/),
      comments: [{ comment: 'Removed by hand', createdBy: 'SOC automation' }],
    })
    await scan(machine, [sampleDetection()])
    const [second, old] = await alertsOf(machine)
    expect([second?.status, old?.status, old?.id]).toEqual(['New', 'Resolved', first.id])
    expect(await refusal(await patch(first.id, { status: 'InProgress' }))).toEqual({
      status: 400,
      code: 'BadRequest',
      message: `Alert ${first.id} stays Resolved: its threat was found again and has the open alert ${second?.id}`,
    })
  })

  it('is updated as Microsoft’s page says, with each change in the audit', async () => {
    const machine = await infected('lab-05.example')
    const { id, lastEventTime } = await alertOf(machine)
    server.clock.advance('1m')
    const answer = await patch(id, {
      status: 'Resolved',
      assignedTo: 'secop2@contoso.com',
      classification: 'falsePositive',
      determination: 'Malware',
      comment: 'Resolve my alert and assign to secop2',
      unknown: 1,
    })
    expect(answer.status).toBe(200)
    const changed = (await answer.json()) as Alert
    expect(changed).toMatchObject({
      id,
      status: 'Resolved',
      assignedTo: 'secop2@contoso.com',
      classification: 'FalsePositive',
      determination: 'Malware',
      lastEventTime,
      evidence: [{ fileName: 'eicar.com' }],
    })
    expect(changed.lastUpdateTime).toBe(changed.resolvedTime)
    // As the same page prints the names in its table.
    await patch(id, { Status: 'New', Classification: null, Comment: 'Again' })
    expect(await get(`/api/alerts/${id}`)).toMatchObject({
      status: 'New',
      classification: null,
      determination: 'Malware',
      resolvedTime: null,
      comments: [{}, { comment: 'Again' }],
    })
    const { items } = await get<{ items: FleetAuditEntry[] }>(`/fleet/v1/audit?target=${id}`)
    expect(items.map(({ operation, detail }) => [operation, detail.statusBefore, detail.status])).toEqual([
      ['alert.update', 'Resolved', 'New'],
      ['alert.update', 'New', 'Resolved'],
    ])
  })

  it.each([
    [{}, 'MissingRequiredParameter'],
    [{ status: null, comment: null }, 'MissingRequiredParameter'],
    [{ status: 'Closed' }, 'InvalidInput'],
    [{ status: 'Unknown' }, 'InvalidInput'],
    [{ status: 7 }, 'InvalidInput'],
    [{ classification: 'Maybe' }, 'InvalidInput'],
    [{ determination: 'Apt' }, 'InvalidInput'],
    [{ comment: ' \n' }, 'InvalidInput'],
    [{ comment: 'x'.repeat(4_001) }, 'InvalidInput'],
    [{ assignedTo: 'x'.repeat(321) }, 'InvalidInput'],
    [{ assignedTo: 'a\u0000b' }, 'InvalidInput'],
    [[], 'InvalidRequestBody'],
  ])('refuses to be changed by %j', async (body, code) => {
    const [alert] = (await get<List>('/api/alerts?$top=1')).value
    expect(await refusal(await patch(alert?.id ?? '', body))).toMatchObject({ status: 400, code })
    expect((await get<List>('/api/alerts?$top=1')).value).toEqual([alert])
  })

  it('is found by what clients filter by', async () => {
    const name = 'filters.example'
    const machine = await infected(name, [
      sampleDetection('/tmp/a'),
      { ...sampleDetection('/tmp/b'), threatName: 'Win.Ransomware.Wanna-1', sha256: 'b'.repeat(64) },
    ])
    const [ransomware, eicar] = await alertsOf(machine)
    if (!ransomware || !eicar) throw new Error('An alert is missing.')
    await patch(eicar.id, { status: 'InProgress', assignedTo: 'Ada@contoso.example' })
    const by = async (filter: string, more = '') => {
      const whole = encodeURIComponent(`computerDnsName eq '${name}' and (${filter})`)
      const { value } = await get<List>(`/api/alerts?$filter=${whole}${more}`)
      return value.map(({ id }) => (id === eicar.id ? 'eicar' : id === ransomware.id ? 'ransomware' : id))
    }
    for (const [filter, found] of [
      [`alertCreationTime ge ${eicar.alertCreationTime}`, ['ransomware', 'eicar']],
      [`alertCreationTime gt ${eicar.alertCreationTime}`, ['ransomware']],
      [`firstEventTime le ${eicar.firstEventTime}`, ['eicar']],
      [`lastEventTime lt ${ransomware.lastEventTime}`, ['eicar']],
      [`lastUpdateTime gt ${ransomware.lastUpdateTime}`, ['eicar']],
      ['resolvedTime eq null', ['ransomware', 'eicar']],
      [`incidentId eq ${eicar.incidentId}`, ['eicar']],
      ['investigationId eq null', ['ransomware', 'eicar']],
      ['investigationId eq 7', []],
      [`id eq '${eicar.id}'`, ['eicar']],
      [`id in ('${ransomware.id.toUpperCase()}')`, ['ransomware']],
      ["assignedTo eq 'ada@CONTOSO.example'", ['eicar']],
      ['assignedTo eq null', ['ransomware']],
      ["detectionSource eq 'WindowsDefenderAv'", ['ransomware', 'eicar']],
      ["detectionSource eq 'WindowsDefenderAtp'", []],
      ["status eq 'New'", ['ransomware']],
      ["status in ('new','inprogress')", ['ransomware', 'eicar']],
      ["severity eq 'High' or severity eq 'Medium'", ['ransomware']],
      ["category eq 'Malware' and not (severity eq 'Informational')", ['ransomware']],
      [`machineId eq '${machine.machineId}'`, ['ransomware', 'eicar']],
      ["threatName eq 'win.ransomware.wanna-1'", ['ransomware']],
      ["threatFamilyName eq 'Wanna'", ['ransomware']],
      ["contains(title,'EICAR')", ['eicar']],
      ["startswith(computerDnsName,'Filters')", ['ransomware', 'eicar']],
      ['rbacGroupName eq null', ['ransomware', 'eicar']],
      ['classification eq null', ['ransomware', 'eicar']],
      ["classification ne 'TruePositive'", ['ransomware', 'eicar']],
    ] as const) {
      expect([filter, await by(filter)]).toEqual([filter, found])
    }
    expect(await by('true eq true').catch(() => 'refused')).toBe('refused')
    expect(await by("status ne 'x'", '&$orderby=lastUpdateTime%20desc')).toEqual(['eicar', 'ransomware'])
    expect(await by("status ne 'x'", '&$top=1&$skip=1')).toEqual(['eicar'])
    const counted = await get<List>(`/api/machines/${name}/alerts?$count=true&$top=1`)
    expect([counted['@odata.count'], counted.value.length]).toEqual([2, 1])
    const count = await server.call(`GET /api/machines/${name}/alerts/$count?$filter=severity+eq+'High'`)
    expect(await count.text()).toBe('1')
    const all = await server.call("GET /api/v1.0/Alerts/$count/?$filter=contains(threatName,'wanna')")
    expect(await all.text()).toBe('1')
    expect(await refusal(await server.call('GET /api/alerts?$filter=nothing+eq+1'))).toMatchObject({
      status: 400,
      code: 'ODataError',
    })
  })

  it('leads to its machine, whose risk it decides, and is named by its detections', async () => {
    const machine = await infected('lab-06.example', [
      { ...sampleDetection('/tmp/c'), threatName: 'Unix.Backdoor.Mirai-1' },
    ])
    const { id } = await alertOf(machine)
    expect(await get<Machine>(`/api/alerts/${id}/machine`)).toMatchObject({
      id: machine.machineId,
      riskScore: 'High',
    })
    const risky = async () =>
      (await get<{ value: Machine[] }>("/api/machines?$filter=riskScore+eq+'High'")).value.map(({ id }) => id)
    expect(await risky()).toContain(machine.machineId)
    const { items } = await get<{ items: FleetDetection[] }>(
      `/fleet/v1/detections?machineId=${machine.machineId}`,
    )
    expect(items.map(({ alertId }) => alertId)).toEqual([id])
    await patch(id, { status: 'Resolved' })
    expect(await risky()).not.toContain(machine.machineId)
  })

  it.each([
    'GET /api/alerts/da637472900382838869_1364969609',
    'GET /api/alerts/121688558380765161_2136280442',
    'GET /api/alerts/nothing',
    'GET /api/alerts/da1_1/machine',
    `GET /api/machines/${'f'.repeat(40)}/alerts`,
    `GET /api/machines/${'f'.repeat(40)}/alerts/$count`,
  ])('answers 404 ResourceNotFound to %s', async (target) => {
    expect(await refusal(await server.call(target))).toMatchObject({ status: 404, code: 'ResourceNotFound' })
  })

  it('shows names and paths from a hostile machine so that they fool nobody', async () => {
    const path = {
      text: '/tmp/\\x1b[2J\\xff"<b>\\\\/a\\x0ab',
      base64: Buffer.from('/tmp/\u001b[2J\xff"<b>\\/a\nb', 'latin1').toString('base64'),
    }
    const machine = await infected('lab-07.example', [
      { ...sampleDetection(), path, threatName: 'X\'; DROP TABLE alert;--"\n\u001b[2J\u202e', sha256: null },
    ])
    const alert = await alertOf(machine)
    expect(alert).toMatchObject({
      threatName: 'X\'; DROP TABLE alert;--"\\x0a\\x1b[2J\\xe2\\x80\\xae',
      evidence: [{ fileName: 'a\\x0ab', filePath: '/tmp/\\x1b[2J\\xff"<b>\\\\', sha256: null }],
    })
    expect(JSON.stringify(alert)).not.toMatch(/[\p{Cc}\p{Cf}]|\\u00/u)
    const quoted = encodeURIComponent(`threatName eq '${alert.threatName?.replaceAll("'", "''")}'`)
    expect((await get<List>(`/api/alerts?$filter=${quoted}`)).value.map(({ id }) => id)).toEqual([alert.id])
  })
})
