import {
  MAX_EXCLUSIONS_LENGTH,
  type MachineId,
  PERMISSIONS,
  UNGROUPED,
  UNGROUPED_NAME,
} from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scanPolicyService } from '../src/scan-policy/index.ts'
import { type ApiCaller, ApiServer } from './api-server.ts'

const UNGROUPED_POLICY = '/fleet/v1/deviceGroups/0/scanPolicy'

describe('the scan policy of a device group', () => {
  let api: ApiServer
  let ask: ApiCaller
  let machine: MachineId
  beforeAll(async () => {
    api = await ApiServer.start()
    ask = await api.caller()
    machine = await api.machine(1)
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const change = (body: object, path = UNGROUPED_POLICY) => ask(`PATCH ${path}`, { body })

  it('starts with the defaults and changes in what the body names', async () => {
    const defaults = {
      deviceGroupId: 0,
      exclusions: [],
      cpuCeilingPercent: 50,
      windows: [],
      onDetection: 'report',
      changedAt: null,
    }
    expect((await ask(`GET ${UNGROUPED_POLICY}`)).json()).toEqual(defaults)
    const windows = [{ days: ['sat', 'sun'], from: '22:00', to: '06:00' }]
    const answer = await change({ windows, exclusions: ['/srv/mail', 'C:\\Mail'] })
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({
      ...defaults,
      windows,
      exclusions: ['/srv/mail', 'C:\\Mail'],
      changedAt: expect.stringMatching(/Z$/),
    })
    expect((await ask(`GET ${UNGROUPED_POLICY}`)).text).toBe(answer.text)
  })

  it('is shown by a scan once its order has gone out', async () => {
    const asked = await ask(`POST /fleet/v1/machines/${machine}/scans`, {
      body: { scanType: 'Quick', comment: 'Nightly', rescan: true },
    })
    const { actionId } = asked.json<{ actionId: string }>()
    const read = async () => (await ask(`GET /fleet/v1/scans/${actionId}`)).json()
    expect(await read()).toMatchObject({ rescan: true, paths: null, settings: null })
    await api.of.scans.prepareOrder(actionId as never)
    expect(await read()).toMatchObject({
      settings: { exclusions: ['/srv/mail', 'C:\\Mail'], rescan: true, cpuCeilingPercent: 50 },
    })
  })

  it.each([
    [{ exclusions: ['mail'] }, 'which is not absolute'],
    [{ exclusions: ['/'] }, 'the root of a file system'],
    [{ exclusions: ['C:\\'] }, 'the root of a file system'],
    [{ exclusions: ['/srv/../etc'] }, '. or ..'],
    [
      { exclusions: Array.from({ length: 10 }, () => `/${'a'.repeat(MAX_EXCLUSIONS_LENGTH / 10)}`) },
      'too long together',
    ],
    [{ cpuCeilingPercent: 4 }, 'cpuCeilingPercent'],
    [{ windows: [{ days: [], from: '22:00', to: '23:00' }] }, 'windows.0.days'],
    [{ windows: [{ days: ['mon'], from: '24:00', to: '23:00' }] }, 'windows.0.from'],
    [{ onDetection: 'delete' }, 'onDetection'],
    [{ exclusion: ['/srv'] }, 'exclusion is not known here'],
  ])('refuses what no machine could keep to (%#)', async (body, why) => {
    const refused = await change(body)
    expect(refused.json()).toMatchObject({ status: 400, code: 'InvalidInput' })
    expect(refused.text).toContain(why)
  })

  it('goes back to the defaults, once in the audit however often', async () => {
    await change({ cpuCeilingPercent: 20 })
    for (let times = 0; times < 2; times++) {
      expect((await ask(`DELETE ${UNGROUPED_POLICY}`)).status).toBe(204)
    }
    const policy = (await ask(`GET ${UNGROUPED_POLICY}`)).json()
    expect(policy).toMatchObject({ cpuCeilingPercent: 50, exclusions: [], changedAt: null })
    const entries = (await ask('GET /fleet/v1/audit?operation=scanPolicy.remove')).json<{ items: object[] }>()
    expect(entries.items).toMatchObject([{ target: '0', detail: { before: expect.stringContaining('20') } }])
  })

  it('is shown of every device group to an application that may read scans', async () => {
    const made = await ask('POST /fleet/v1/deviceGroups', {
      body: { displayName: 'Lab', rules: { tag: [{ operator: 'equals', value: 'lab' }] } },
    })
    const { id } = made.json<{ id: number }>()
    await change({ onDetection: 'quarantine' }, `/fleet/v1/deviceGroups/${id}/scanPolicy`)
    const reader = await api.caller(['Scan.Read.All'])
    expect((await reader('GET /fleet/v1/scanPolicies')).json()).toMatchObject({
      items: [
        { deviceGroupId: id, deviceGroupName: 'Lab', onDetection: 'quarantine' },
        { deviceGroupId: 0, deviceGroupName: 'Ungrouped devices (default)', changedAt: null },
      ],
      nextCursor: null,
    })
    expect((await reader(`PATCH ${UNGROUPED_POLICY}`, { body: { cpuCeilingPercent: 20 } })).status).toBe(403)
  })

  it('is shown to a person of the device groups that they reach, and of all to one who administers them', async () => {
    const service = scanPolicyService({ scanPoliciesOf: () => api.of.scanPolicies, newId: () => '' })
    const person = (permission: 'Scan.Read.All' | 'Fleet.Admin') => ({
      kind: 'user' as const,
      tenant: api.tenant,
      id: 'ada',
      name: 'ada@contoso.example',
      permissions: new Set(PERMISSIONS),
      rolePermissions: new Set([permission]),
      reach: { kind: 'deviceGroups' as const, ids: [UNGROUPED] },
      requestSource: 'Portal' as const,
    })
    const seen = async (permission: Parameters<typeof person>[0]) =>
      (await service.list(person(permission))).map(({ deviceGroupName }) => deviceGroupName)
    expect(await seen('Scan.Read.All')).toEqual([UNGROUPED_NAME])
    expect(await seen('Fleet.Admin')).toEqual(['Lab', UNGROUPED_NAME])
  })

  it('is not there of a group that is not', async () => {
    for (const id of ['7', 'x', '-1']) {
      const path = `/fleet/v1/deviceGroups/${id}/scanPolicy`
      expect((await ask(`GET ${path}`)).status).toBe(404)
      expect((await change({ cpuCeilingPercent: 20 }, path)).status).toBe(404)
      expect((await ask(`DELETE ${path}`)).status).toBe(404)
    }
  })
})
