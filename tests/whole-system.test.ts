import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientCredentials, FleetsweepClient, type WatchedEvent } from '@fleetsweep/client'
import { addsUp, isCounted, type MachineAction, type Scan } from '@fleetsweep/protocol'
import { eicar, freePort, LiveFleet } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const EICAR_SHA256 = '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f'
/** The engine needs several seconds for it, so that a stop comes in its midst. */
const HUGE_BYTES = 400 * 1024 * 1024

let folder: string
let fleet: LiveFleet
let client: FleetsweepClient
let machineId: string

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fleetsweep-files-')))
  fleet = await LiveFleet.start({ listen: `127.0.0.1:${await freePort()}` })
  client = new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
  mkdirSync(join(folder, 'quick'))
  mkdirSync(join(folder, 'full'))
  const { token } = await client.createEnrollmentToken({})
  await fleet.startAgent(
    token,
    `quickPlaces = [${JSON.stringify(join(folder, 'quick'))}]\nfullRoots = [${JSON.stringify(join(folder, 'full'))}]`,
  )
  machineId = (await Array.fromAsync(client.listMachines()))[0]?.id ?? ''
})

afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function scan(scanType: 'Quick' | 'Full'): Promise<{ action: MachineAction; scan: Scan }> {
  const requested = await client.runAntivirusScan(machineId, { scanType, comment: 'Test' })
  const action = await client.waitForMachineAction(requested.id)
  return { action, scan: await client.getScan(action.id) }
}

/** Settles with the first event that `pick` makes something of; the stream is open before `act` is called. */
async function eventAfter<T>(
  act: () => Promise<unknown>,
  pick: (event: WatchedEvent) => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const ended = new AbortController()
  try {
    for await (const event of client.watchEvents({ signal: ended.signal })) {
      if (event.type === 'connected') await act()
      const picked = await pick(event)
      if (picked !== undefined) return picked
    }
  } finally {
    ended.abort()
  }
  throw new Error(`The events ended. ${fleet.logTail()}`)
}

describe('a scan asked for through the Defender API', () => {
  it('ends Succeeded with the detection, its path and hash, and a coverage that adds up', async () => {
    const path = join(folder, 'quick', 'invoice.pdf.com')
    writeFileSync(path, eicar())
    writeFileSync(join(folder, 'quick', 'harmless.txt'), 'nothing')

    const { action, scan: record } = await scan('Quick')

    expect(action).toMatchObject({ status: 'Succeeded', scope: 'Quick', requestSource: 'PublicApi' })
    expect(action.troubleshootInfo).toMatch(
      /^1 detection \(test signatures\); 0 of 2 files not scanned; see http/,
    )
    expect(record.detections).toMatchObject([
      { path: { text: path }, sha256: EICAR_SHA256, sizeBytes: 68, disposition: 'reported' },
    ])
    expect(record).toMatchObject({ attempts: 1, conclusion: { word: 'threatsFound' } })
    expect(record.report?.coverage?.met.files).toBe(2)
    expect(record.report && isCounted(record.report) && addsUp(record.report.coverage)).toBe(true)
    rmSync(path)
  })

  it('is not called clean when only test signatures judged it', async () => {
    const { scan: record } = await scan('Quick')
    expect(record.conclusion).toEqual({
      word: 'nothingFound',
      sentence: 'nothing found by test signatures; 0 of 1 file not scanned',
    })
  })
})

describe('cancelling a scan in the midst of a huge file', () => {
  it('answers Cancelled at once, and within 2 s the machine proves that its engine has stopped', async () => {
    const path = join(folder, 'full', 'huge.bin')
    writeRandom(path, HUGE_BYTES)
    const actionId = await eventAfter(
      () => client.runAntivirusScan(machineId, { scanType: 'Full', comment: 'To be stopped' }),
      (event) =>
        event.type === 'scanProgress' && event.progress.phase === 'scanning' ? event.actionId : undefined,
    )

    const cancelled = await client.cancelMachineAction(actionId, 'Enough')
    const record = await eventAfter(
      async () => {},
      async () => {
        const now = await client.getScan(actionId)
        return now.stop?.provenAt == null ? undefined : now
      },
    )

    expect(cancelled).toMatchObject({ status: 'Cancelled', errorHResult: -2147467260 })
    expect(record.stop?.proof).toBe('processGone')
    expect(record.stop?.stoppedWithinMs).toBeLessThan(2_000)
    expect(record.report?.coverage?.notScanned.cancelled.files).toBe(1)
    rmSync(path)
  })
})

function writeRandom(path: string, bytes: number): void {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(16 * 1024 * 1024)
  for (let written = 0; written < bytes; written += block.length) writeSync(file, randomFillSync(block))
  closeSync(file)
}
