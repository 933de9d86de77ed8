import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { followScans, nodeIo, renderMachineAction, renderScanReport } from '@fleetsweep/cli'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { addsUp, type MachineAction, type Scan } from '@fleetsweep/protocol'
import { type ChildProgram, eicar, runProgram, startProgram, tool } from '@fleetsweep/testkit'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { freePort } from './free-port.ts'

// The main job on this machine, with the programs as they ship: a server, an agent, an engine, one scan over the API.

const PORT = 8480
const state = join(import.meta.dirname, '..', '.state')

const Initialised = Compile(
  Type.Object({
    tenant: Type.Object({ id: Type.String() }),
    application: Type.Object({ id: Type.String(), secret: Type.String() }),
  }),
)
const Ready = Compile(Type.Object({ url: Type.String() }))

const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } })
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort())
process.exitCode = await demo(values.exit)

/** @returns the exit code: 0 only when the planted file was found and the counts add up */
async function demo(exitAtEnd: boolean): Promise<number> {
  mkdirSync(state, { recursive: true })
  const folder = mkdtempSync(join(state, 'demo-'))
  const planted = plantTestFile()
  const log = openSync(join(folder, 'programs.log'), 'a')
  const running: ChildProgram[] = []
  try {
    const { url, credentials } = await startServer(folder, log, running)
    const client = new FleetsweepClient({ baseUrl: url, tokens: clientCredentials(credentials) })
    const machineId = await startAgent(folder, log, running, client, url)
    const { action, scan } = await runScan(client, machineId)
    const verdict = judge(action, scan, planted.path)
    if (exitAtEnd || interrupted.signal.aborted) return sayVerdict(verdict)
    say('Try it yourself', curlLines({ ...credentials, machineId }))
    say('The server keeps running', `  ${url}   Ctrl-C ends it and clears everything away.\n`)
    await aborted(interrupted.signal)
    return verdict.demo === 'ok' ? 0 : 1
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
    process.stderr.write(`${lastLines(join(folder, 'programs.log'))}\n`)
    return exitAtEnd ? sayVerdict({ demo: 'failed', status: null, detections: 0 }) : 1
  } finally {
    for (const program of running.toReversed()) await program.end()
    closeSync(log)
    rmSync(planted.folder, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A harmless file that every antivirus program agrees to find, where a quick scan looks. */
function plantTestFile(): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-demo-'))
  const path = join(folder, 'eicar.com')
  writeFileSync(path, eicar())
  say('Planted a harmless test file', `  ${path}\n`)
  return { folder, path }
}

async function startServer(folder: string, log: number, running: ChildProgram[]) {
  const data = join(folder, 'server')
  const listen = `127.0.0.1:${await freePort(PORT)}`
  const init = ['init', '--data', data, '--no-tls', '--listen', listen, '--application', 'Demo', '--json']
  const made = Initialised.Parse(JSON.parse(await runProgram('fleetsweep', init)))
  const server = startProgram('fleetsweep', ['server', '--data', data, '--json'], { log })
  running.push(server)
  const { url } = await server.waitForLine((line) => {
    const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined
    return Ready.Check(value) ? value : undefined
  })
  say('Started a server', `  ${url}   tenant ${made.tenant.id}\n`)
  const { id: clientId, secret: clientSecret } = made.application
  return { url, credentials: { baseUrl: url, tenant: made.tenant.id, clientId, clientSecret } }
}

/** Enrolls an agent on this machine and waits until the server knows it. */
async function startAgent(
  folder: string,
  log: number,
  running: ChildProgram[],
  client: FleetsweepClient,
  url: string,
): Promise<string> {
  const { token } = await client.createEnrollmentToken({ description: 'Demo' })
  const config = join(folder, 'agent.toml')
  writeFileSync(config, agentConfig())
  const place = ['--state', join(folder, 'agent'), '--config', config]
  await runProgram('fleetsweep-agent', ['enroll', '--server', url, '--token', token, ...place])
  running.push(startProgram('fleetsweep-agent', ['run', ...place], { log }))
  for await (const machine of client.listMachines()) {
    say('Enrolled this machine', `  ${machine.computerDnsName ?? hostname()}   ${machine.id}\n`)
    return machine.id
  }
  throw new Error('The machine did not enroll.')
}

function agentConfig(): string {
  const clamd = tool('clamd')
  const env = Object.entries(clamd.env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  return `[engine]
clamd = ${JSON.stringify(clamd.path)}
databaseDir = ${JSON.stringify(tool('signatures').path)}
env = { ${env.join(', ')} }
`
}

async function runScan(client: FleetsweepClient, machineId: string) {
  const requested = await client.runAntivirusScan(machineId, {
    scanType: 'Quick',
    comment: 'Check machine for viruses due to alert 3212',
  })
  const path = `/api/machines/${machineId}/runAntiVirusScan`
  say(`POST ${path}`, `  201 Created\n${indent(JSON.stringify(requested, null, 2))}`)
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
  const countsAddUp = scan.report !== null && addsUp(scan.report.coverage)
  return {
    demo: action.status === 'Succeeded' && found && countsAddUp ? 'ok' : 'failed',
    status: action.status,
    detections: scan.detections.length,
    testFileFound: found,
    countsAddUp,
    filesMet: scan.report?.coverage.met.files ?? 0,
    filesScanned: scan.report?.coverage.scanned.files ?? 0,
  }
}

function sayVerdict(verdict: Verdict): number {
  process.stdout.write(`${JSON.stringify(verdict)}\n`)
  return verdict.demo === 'ok' ? 0 : 1
}

function curlLines(demo: {
  baseUrl: string
  tenant: string
  clientId: string
  clientSecret: string
  machineId: string
}) {
  return `  TOKEN=$(curl -s ${demo.baseUrl}/${demo.tenant}/oauth2/v2.0/token \\
    -d grant_type=client_credentials -d client_id=${demo.clientId} \\
    -d client_secret=${demo.clientSecret} -d scope=${demo.baseUrl}/.default \\
    | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s ${demo.baseUrl}/api/machines/${demo.machineId}/runAntiVirusScan \\
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

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n')
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
