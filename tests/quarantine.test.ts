import {
  chmodSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import type { FleetDetection, MachineTask } from '@fleetsweep/protocol'
import { eicar, freePort, LiveFleet, until } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A scan and a task on a machine that may be busy. */
const TIMEOUT_MS = 120_000
const WHY = { comment: 'Case 7' }

let folder: string
let fleet: LiveFleet
let client: FleetsweepClient
let machineId: string

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-quarantine-')))
  fleet = await LiveFleet.start({ listen: `127.0.0.1:${await freePort()}` })
  client = new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
  mkdirSync(join(folder, 'mail'))
  const { token } = await client.createEnrollmentToken({})
  await fleet.startAgent(token, `quickPlaces = [${JSON.stringify(join(folder, 'mail'))}]`)
  machineId = (await Array.fromAsync(client.listMachines()))[0]?.id ?? ''
}, TIMEOUT_MS)

afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Scans the machine. @returns what was found, when it has ended */
async function scan(): Promise<FleetDetection[]> {
  const { id } = await client.runAntivirusScan(machineId, { scanType: 'Quick', comment: 'Nightly' })
  const { status } = await client.waitForMachineAction(id, { pollMs: 1_000 })
  expect(status, fleet.logTail()).toBe('Succeeded')
  return (await client.getScan(id)).detections
}

/** What became of a task, once it has ended. */
async function ended(asked: Promise<{ taskId: string }>): Promise<MachineTask> {
  return client.machineTasks.wait((await asked).taskId)
}

/** A threat with a mode and times that nothing has by chance. */
function infect(name: string): string {
  const path = join(folder, 'mail', name)
  writeFileSync(path, eicar())
  chmodSync(path, 0o4751)
  lutimesSync(path, 1_400_000_000, 1_500_000_000.25)
  return path
}

function looks(path: string) {
  const { mode, uid, gid, mtimeMs } = statSync(path)
  return { mode, uid, gid, mtimeMs, bytes: readFileSync(path).toString('base64') }
}

describe('a file in which a scan finds a threat', { timeout: TIMEOUT_MS }, () => {
  it('is moved to quarantine where the policy says so, and given back as it was', async () => {
    await setOnDetection('quarantine')
    const path = infect('by-policy.com')
    const before = looks(path)
    const [detection] = await scan()
    expect(detection).toMatchObject({ path: { text: path }, disposition: 'quarantined' })
    expect(existsSync(path)).toBe(false)

    const [file, ...others] = await Array.fromAsync(client.quarantine.list({ state: 'quarantined' }))
    expect(others).toEqual([])
    expect(file).toMatchObject({
      id: detection?.quarantineId,
      machineId,
      detectionId: detection?.id,
      cause: 'policy',
      path: { text: path },
    })
    const task = await ended(client.quarantine.restore(file?.id ?? '', WHY))
    expect(task, fleet.logTail()).toMatchObject({ status: 'Succeeded', quarantineId: file?.id })
    expect(looks(path)).toEqual(before)
    expect(await client.quarantine.get(file?.id ?? '')).toMatchObject({ state: 'restored' })
    rmSync(path)
  })

  it('stays where the policy only reports it, until somebody has it moved', async () => {
    await setOnDetection('report')
    const path = infect('by-order.com')
    const [detection] = await scan()
    expect(detection).toMatchObject({ path: { text: path }, disposition: 'reported' })
    expect(existsSync(path)).toBe(true)

    const task = await ended(client.quarantine.add(detection?.id ?? '', WHY))
    expect(task, fleet.logTail()).toMatchObject({ status: 'Succeeded', detectionId: detection?.id })
    expect(existsSync(path)).toBe(false)
    expect(await client.quarantine.get(task.quarantineId ?? '')).toMatchObject({
      state: 'quarantined',
      cause: 'order',
      path: { text: path },
    })
    const [now] = await Array.fromAsync(client.listDetections({ actionId: detection?.actionId ?? '' }))
    expect(now).toMatchObject({ disposition: 'quarantined', quarantineId: task.quarantineId })
  })

  it('is not moved when another one has come in its place', async () => {
    const path = infect('exchanged.com')
    const [detection] = await scan()
    writeFileSync(path, 'The annual report.')
    const task = await ended(client.quarantine.add(detection?.id ?? '', WHY))
    expect(task).toMatchObject({ status: 'Failed', quarantineId: null })
    expect(readFileSync(path, 'utf8')).toBe('The annual report.')
    expect((await Array.fromAsync(client.machineTasks.list(machineId)))[0]).toEqual(task)
  })
})

describe('what somebody at the machine does with its quarantine', { timeout: TIMEOUT_MS }, () => {
  it('is told to the server when the agent connects', async () => {
    const path = infect('by-hand.com')
    await fleet.endAgent()
    const id = (await fleet.agentCommand('quarantine', 'add', path)).trim()
    fleet.restartAgent()
    await inState(id, 'quarantined')
    expect(await client.quarantine.get(id)).toMatchObject({ cause: 'machine', path: { text: path } })
    await fleet.endAgent()
    await fleet.agentCommand('quarantine', 'restore', id)
    fleet.restartAgent()
    await inState(id, 'restored')
    const audit = await Array.fromAsync(client.listAudit({ target: id }))
    expect(audit.map(({ operation, principal }) => [operation, principal.kind])).toEqual([
      ['quarantine.restore', 'machine'],
      ['quarantine.add', 'machine'],
    ])
    rmSync(path)
  })
})

async function inState(id: string, state: string): Promise<void> {
  const listed = async () =>
    (await Array.fromAsync(client.quarantine.list({ machineId }))).some(
      (file) => file.id === id && file.state === state,
    )
  await until(listed, `the file is ${state}: ${fleet.logTail()}`, { everyMs: 500, timeoutMs: 60_000 })
}

describe('signatures that are to be brought up to date', { timeout: TIMEOUT_MS }, () => {
  it('are left alone, which is said, where somebody else keeps them', async () => {
    const task = await ended(client.machineTasks.updateSignatures(machineId, WHY))
    expect(task).toMatchObject({
      status: 'Failed',
      sentence: 'The signatures of this machine are not kept by its agent.',
    })
  })
})

async function setOnDetection(onDetection: 'quarantine' | 'report'): Promise<void> {
  await client.access.changeScanPolicy(0, { onDetection })
}
