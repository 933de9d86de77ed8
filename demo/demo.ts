import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { followScans, nodeIo, renderMachineAction, renderScanReport } from '@fleetsweep/cli'
import { clientCredentials, FleetsweepClient, platformRuntime } from '@fleetsweep/client'
import { addsUp, isCounted, type MachineAction, type Scan } from '@fleetsweep/protocol'
import { eicar, freePort, LiveFleet } from '@fleetsweep/testkit'

// The main job on this machine, with the programs as they ship: a server, an agent, an engine, one scan over the API.

const PORT = 8480
/** A demo need not read a whole machine: of each place the newest files. The report says where it stopped. */
const DEMO_CAP = 'quickCap = { files = 300, bytes = 50_000_000 }'
/** A quick scan looks here as it does in /tmp, where newer files of a busy machine could use up the cap. */
const PLACE = '/var/tmp'
const state = join(import.meta.dirname, '..', '.state')

const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } })
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort())
let lastStatus = ''
process.exitCode = await demo(values.exit)

/** @returns the exit code: 0 only when the planted file was found and the counts add up */
async function demo(exitAtEnd: boolean): Promise<number> {
  const planted = plantTestFile()
  let fleet: LiveFleet | undefined
  try {
    fleet = await startServer()
    const client = new FleetsweepClient({
      baseUrl: fleet.url,
      tokens: clientCredentials(fleet.credentials),
      runtime: { ...platformRuntime(), fetch: fetchNotingStatus },
    })
    const machineId = await startAgent(fleet, client)
    const { action, scan } = await runScan(client, machineId)
    const verdict = judge(action, scan, planted.path)
    if (!exitAtEnd && !interrupted.signal.aborted) {
      say('Try it yourself', curlLines(fleet, machineId))
      say('The server keeps running', `  ${fleet.url}   Ctrl-C ends it and clears everything away.\n`)
      await aborted(interrupted.signal)
    }
    return sayVerdict(verdict)
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
    if (fleet) process.stderr.write(`${fleet.logTail()}\n`)
    return sayVerdict({ demo: 'failed', status: null, detections: 0 })
  } finally {
    await fleet?.[Symbol.asyncDispose]()
    rmSync(planted.folder, { recursive: true, force: true })
  }
}

/** So that the status which people see here is the one that came. */
async function fetchNotingStatus(...call: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(...call)
  lastStatus = `${response.status} ${response.statusText}`
  return response
}

/** A harmless file that every antivirus program agrees to find, where a quick scan looks. */
function plantTestFile(): { folder: string; path: string } {
  const folder = mkdtempSync(join(PLACE, 'fleetsweep-demo-'))
  const path = join(folder, 'eicar.com')
  writeFileSync(path, eicar())
  say('Planted a harmless test file', `  ${path}\n`)
  return { folder, path }
}

async function startServer(): Promise<LiveFleet> {
  mkdirSync(state, { recursive: true })
  const fleet = await LiveFleet.start({
    folder: mkdtempSync(join(state, 'demo-')),
    listen: `127.0.0.1:${await freePort(PORT)}`,
    application: 'Demo',
  })
  say('Started a server', `  ${fleet.url}   tenant ${fleet.credentials.tenant}\n`)
  return fleet
}

/** Enrolls an agent on this machine and starts it. */
async function startAgent(fleet: LiveFleet, client: FleetsweepClient): Promise<string> {
  const { token } = await client.createEnrollmentToken({ description: 'Demo' })
  await fleet.startAgent(token, DEMO_CAP)
  for await (const machine of client.listMachines()) {
    say('Enrolled this machine', `  ${machine.computerDnsName ?? hostname()}   ${machine.id}\n`)
    return machine.id
  }
  throw new Error('The machine did not enroll.')
}

async function runScan(client: FleetsweepClient, machineId: string) {
  const requested = await client.runAntivirusScan(machineId, {
    scanType: 'Quick',
    comment: 'Check machine for viruses due to alert 3212',
  })
  const created = `  ${lastStatus}\n${indent(JSON.stringify(requested, null, 2))}`
  say(`POST /api/machines/${machineId}/runAntiVirusScan`, created)
  say('The machine works', '')
  const [action = requested] = await followScans(client, [requested], nodeIo(interrupted.signal))
  const scan = await client.getScan(action.id)
  say('The machine action', indent(renderMachineAction(action)))
  say('The report', indent(renderScanReport(scan)))
  return { action, scan }
}

type Verdict = { demo: 'ok' | 'failed'; status: string | null; detections: number } & Record<string, unknown>

function judge(action: MachineAction, scan: Scan, plantedPath: string): Verdict {
  const found = scan.detections.some(({ path }) => path.text === plantedPath)
  const countsAddUp = scan.report !== null && isCounted(scan.report) && addsUp(scan.report.coverage)
  return {
    demo: action.status === 'Succeeded' && found && countsAddUp ? 'ok' : 'failed',
    status: action.status,
    detections: scan.detections.length,
    testFileFound: found,
    countsAddUp,
    filesMet: scan.report?.coverage?.met.files ?? 0,
    filesScanned: scan.report?.coverage?.scanned.files ?? 0,
  }
}

function sayVerdict(verdict: Verdict): number {
  process.stdout.write(`\n${JSON.stringify(verdict)}\n`)
  return verdict.demo === 'ok' ? 0 : 1
}

function curlLines({ credentials, url }: LiveFleet, machineId: string): string {
  return `  TOKEN=$(curl -s ${url}/${credentials.tenant}/oauth2/v2.0/token \\
    -d grant_type=client_credentials -d client_id=${credentials.clientId} \\
    -d client_secret=${credentials.clientSecret} -d scope=${url}/.default \\
    | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/api/machines/${machineId}/runAntiVirusScan \\
    -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{"Comment":"My first scan","ScanType":"Quick"}'
`
}

function say(title: string, text: string): void {
  process.stdout.write(`\n== ${title}\n${text}`)
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ').replace(/\n?$/, '\n')
}

function aborted(signal: AbortSignal): Promise<void> {
  // A timer keeps the process alive: the children's pipes alone may not.
  const alive = setInterval(() => {}, 3_600_000)
  return new Promise((resolve) => {
    const end = () => {
      clearInterval(alive)
      resolve()
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
