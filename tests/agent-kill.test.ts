import { randomBytes, randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { addsUp, isCounted, notScannedTotal, type Scan } from '@fleetsweep/protocol'
import { eicar, freePort, LiveFleet, until } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** More by hand: FLEETSWEEP_KILLS=200 */
const KILLS = Number(process.env.FLEETSWEEP_KILLS ?? 20)
/** An agent gives a scan up that killed it five times; up to so many kills are bad luck. */
const MOST_KILLS_OF_ONE_SCAN = 3
const FILES = 600
const FILE_BYTES = 50_000
const VICTIMS = ['agent', 'engine', 'both'] as const
const TIMEOUT_MS = 120_000 + KILLS * 30_000

let folder: string
let fleet: LiveFleet
let client: FleetsweepClient
let machineId: string

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-files-')))
  mkdirSync(join(folder, 'full'))
  writeFileSync(join(folder, 'full', 'invoice.com'), eicar())
  mkdirSync(join(folder, 'quick'))
  fleet = await LiveFleet.start({ listen: `127.0.0.1:${await freePort()}` })
  client = new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
  const { token } = await client.createEnrollmentToken({})
  const places = (name: string) => JSON.stringify([join(folder, name)])
  await fleet.startAgent(token, `quickPlaces = ${places('quick')}\nfullRoots = ${places('full')}`)
  // The test looks often, so that its kills come early and late in a scan.
  await client.applications.setLimits(fleet.credentials.clientId, { perMinute: 100_000, perHour: 1_000_000 })
  machineId = (await Array.fromAsync(client.listMachines()))[0]?.id ?? ''
}, 120_000)

afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('an agent that is killed, or its engine, in the midst of its scans', { timeout: TIMEOUT_MS }, () => {
  it(`${KILLS} times ends each action once, with a report that is true, and says how often it tried`, async () => {
    const attempts: number[] = []
    for (let left = KILLS; left > 0; ) {
      const kills = Math.min(left, randomInt(1, MOST_KILLS_OF_ONE_SCAN + 1))
      writeNewFiles()
      const { id } = await client.runAntivirusScan(machineId, { scanType: 'Full', comment: 'Test' })
      let killedAgents = 0
      for (let kill = 0; kill < kills; kill += 1) {
        await until(
          async () => !isWaiting(await client.getScan(id), killedAgents),
          'the agent took up the scan',
          { timeoutMs: 60_000 },
        )
        // Not a wait for something: the moment itself is what this tries.
        await delay(randomInt(400))
        const victim = VICTIMS[randomInt(VICTIMS.length)]
        if (victim !== 'agent') fleet.killEngine()
        if (victim === 'engine') continue
        await fleet.killAgent()
        fleet.restartAgent()
        killedAgents += 1
      }
      left -= kills
      attempts.push(await expectTrueEnd(id, killedAgents))
    }
    expect(Math.max(...attempts)).toBeGreaterThan(1)
  })

  /** Contents that no scan has seen, each in one file only: known or repeated ones would leave nothing to read. */
  function writeNewFiles(): void {
    for (let n = 0; n < FILES; n += 1) {
      writeFileSync(join(folder, 'full', `${n}.bin`), randomBytes(FILE_BYTES))
    }
  }

  async function expectTrueEnd(id: string, killedAgents: number): Promise<number> {
    const action = await client.waitForMachineAction(id)
    expect(action.status, `${action.troubleshootInfo}\n${fleet.logTail()}`).toBe('Succeeded')
    const scan = await client.getScan(id)
    const { report } = scan
    if (report === null || !isCounted(report))
      throw new Error('A scan that succeeded has no report with counts.')
    expect(addsUp(report.coverage)).toBe(true)
    expect(report.coverage.met.files).toBe(FILES + 1)
    expect(notScannedTotal(report.coverage).files).toBe(0)
    expect(scan.detections).toHaveLength(1)
    expect(report.detections).toBe(1)
    expect(report.attempts).toBe(scan.attempts)
    expect(scan.attempts).toBeLessThanOrEqual(killedAgents + 1)
    expect(scan.reportedLate).toBe(false)
    const begun =
      readFileSync(join(fleet.folder, 'programs.log'), 'utf8').match(
        new RegExp(`"${id}","attempt":\\d+,"msg":"scan begins"`, 'g'),
      ) ?? []
    expect(begun.length).toBeLessThanOrEqual(scan.attempts)
    expect(new Set(begun).size).toBe(begun.length)
    return scan.attempts
  }
})

/** True until the attempt that the next kill is meant for has begun, or the scan is over. */
function isWaiting(scan: Scan, kill: number): boolean {
  return scan.attempts <= kill && scan.endedAt === null
}
