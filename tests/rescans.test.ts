import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import type { Alert } from '@fleetsweep/protocol'
import { eicar, freePort, LiveFleet } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const SCANS = 100

let folder: string
let fleet: LiveFleet
let client: FleetsweepClient
let machineId: string

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-infected-')))
  fleet = await LiveFleet.start({ listen: `127.0.0.1:${await freePort()}` })
  client = new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
  // A hundred scans ask more often than one application usually may.
  await client.applications.setLimits(fleet.credentials.clientId, { perMinute: 100_000, perHour: 1_000_000 })
  mkdirSync(join(folder, 'quick'))
  const { token } = await client.createEnrollmentToken({})
  await fleet.startAgent(token, `quickPlaces = [${JSON.stringify(join(folder, 'quick'))}]`)
  machineId = (await Array.fromAsync(client.listMachines()))[0]?.id ?? ''
})

afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function scan(): Promise<void> {
  const requested = await client.runAntivirusScan(machineId, { scanType: 'Quick', comment: 'Alert' })
  const action = await client.waitForMachineAction(requested.id, { pollMs: 250 })
  expect(action.status, fleet.logTail()).toBe('Succeeded')
}

async function onlyAlert(): Promise<Alert> {
  const [alert, ...others] = await Array.fromAsync(
    client.listAlerts({ machine: machineId, expandEvidence: true }),
  )
  expect(others).toEqual([])
  if (!alert) throw new Error(`There is no alert. ${fleet.logTail()}`)
  return alert
}

describe('an infected machine', () => {
  it('has one alert however often it is scanned, with its times and places brought up to date', async () => {
    writeFileSync(join(folder, 'quick', 'invoice.com'), eicar())
    await scan()
    const first = await onlyAlert()
    expect(first).toMatchObject({ machineId, status: 'New', severity: 'Informational' })
    let latest = first
    for (let rescan = 1; rescan < SCANS; rescan += 1) {
      if (rescan === SCANS / 2) writeFileSync(join(folder, 'quick', 'copy.com'), eicar())
      await scan()
      const alert = await onlyAlert()
      expect(alert).toMatchObject({ id: first.id, alertCreationTime: first.alertCreationTime })
      expect(Date.parse(alert.lastEventTime)).toBeGreaterThan(Date.parse(latest.lastEventTime))
      latest = alert
    }
    expect(latest.evidence.map(({ fileName }) => fileName)).toEqual(['invoice.com', 'copy.com'])
    const news = client.listAlerts({ filter: `alertCreationTime gt ${first.alertCreationTime}` })
    expect(await Array.fromAsync(news)).toEqual([])
  }, 600_000) // Each of the scans starts and ends as any other does.

  it('has another alert when it is scanned after the first was resolved, and none while it was not', async () => {
    const first = await onlyAlert()
    await client.updateAlert(first.id, { status: 'Resolved', comment: 'Thought to be gone' })
    expect((await client.getMachine(machineId)).riskScore).toBe('None')
    await scan()
    const open = await Array.fromAsync(client.listAlerts({ filter: "status ne 'Resolved'" }))
    expect(open).toMatchObject([{ machineId, status: 'New' }])
    expect(open[0]?.id).not.toBe(first.id)
    expect((await client.getMachine(machineId)).riskScore).toBe('Informational')
  })
})
