import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MovableClock, tool, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../src/os/logger.ts'
import { SignatureUpdater } from '../src/signatures/index.ts'

const DATABASE = 'Eicar-Test-Signature:0:*:58354f2150254041505b345c505a58353428505e2937434329377d24\n'

describe('updating signatures with freshclam', () => {
  let folder: string
  let databaseDir: string
  let server: Server
  let served: Map<string, string>
  let changedAtMs: number
  let clock: MovableClock
  let updaters: SignatureUpdater[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-signatures-'))
    databaseDir = join(folder, 'databases')
    mkdirSync(databaseDir)
    chmodSync(folder, 0o755)
    changedAtMs = Date.now() - 60_000
    served = new Map([['/ours.ndb', DATABASE]])
    server = createServer((request, response) => {
      const body = served.get(request.url ?? '')
      const since = Date.parse(request.headers['if-modified-since'] ?? '')
      if (body === undefined) response.writeHead(404)
      else
        response.writeHead(since >= changedAtMs ? 304 : 200, {
          'last-modified': new Date(changedAtMs).toUTCString(),
        })
      response.end(response.statusCode === 200 && request.method !== 'HEAD' ? body : undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    clock = new MovableClock()
    updaters = []
  })
  afterEach(async () => {
    for (const updater of updaters) await updater[Symbol.asyncDispose]()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true, force: true })
  })

  function updater(
    changes: { program?: string; procFolder?: string; official?: boolean; ca?: string } = {},
  ): SignatureUpdater {
    const { path, env } = tool('freshclam')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const made = new SignatureUpdater({
      freshclam: {
        program: changes.program ?? path,
        env,
        workDir: join(folder, 'work'),
        databaseDir,
        owner: 'root',
        mirror: origin,
        customUrls: [`${origin}/ours.ndb`],
        ...(changes.official === undefined ? {} : { official: changes.official }),
        ...(changes.ca === undefined ? {} : { ca: changes.ca }),
      },
      clock,
      random: () => 0.5,
      logger: createLogger('error', () => {}),
      procFolder: changes.procFolder ?? join(folder, 'no-processes'),
    })
    updaters.push(made)
    return made
  }

  it('says which databases it could not get, and keeps what it has', async () => {
    writeFileSync(join(databaseDir, 'old.ndb'), DATABASE)
    const outcome = await updater().update()
    expect(outcome).toMatchObject({ kind: 'failed', sentence: expect.stringContaining('daily') })
    expect(existsSync(join(databaseDir, 'old.ndb'))).toBe(true)
    const { record } = updater()
    expect(record.error).toContain('daily')
    expect(record.succeededAt).toBeNull()
  })

  it('puts a new database in place once it was tried, and knows when there is nothing new', async () => {
    const custom = updater({ official: false })
    expect(await custom.update()).toEqual({ kind: 'updated', databases: ['ours.ndb'] })
    expect(readFileSync(join(databaseDir, 'ours.ndb'), 'utf8')).toBe(DATABASE)
    expect(custom.record).toMatchObject({ error: null, succeededAt: clock.now() })
    expect(await custom.update()).toEqual({ kind: 'current' })
    served.set('/ours.ndb', 'no signature at all\n')
    changedAtMs = Date.now() + 60_000
    expect(await custom.update()).toMatchObject({ kind: 'failed' })
    expect(readFileSync(join(databaseDir, 'ours.ndb'), 'utf8')).toBe(DATABASE)
  })

  it('refuses a database that ClamAV did not sign', async () => {
    const header = `ClamAV-VDB:24 Nov 2026 10-00 +0000:27800:1:90:${'0'.repeat(32)}:${'x'.repeat(86)}:nobody:1795500000`
    served.set('/daily.cvd', `${header.padEnd(512)}not what was signed`)
    const outcome = await updater().update()
    expect(outcome.kind).toBe('failed')
    expect(existsSync(join(databaseDir, 'daily.cvd'))).toBe(false)
  })

  it('tells freshclam whose certificates to believe', async () => {
    const program = join(folder, 'freshclam')
    writeFileSync(program, '#!/bin/sh\necho "ERROR: told of $CURL_CA_BUNDLE"\nexit 1\n', { mode: 0o755 })
    expect(await updater({ program, ca: '/etc/fleetsweep/ca.pem' }).update()).toMatchObject({
      sentence: expect.stringContaining('told of /etc/fleetsweep/ca.pem'),
    })
  })

  it('says that there is no freshclam', async () => {
    expect(await updater({ program: '/nowhere/freshclam' }).update()).toEqual({
      kind: 'failed',
      sentence: 'There is no freshclam at /nowhere/freshclam; install the package that holds it.',
    })
  })

  it('runs by itself, sooner after a failure, and remembers over a restart', async () => {
    const program = join(folder, 'freshclam')
    const counts = () =>
      existsSync(join(folder, 'runs')) ? readFileSync(join(folder, 'runs'), 'utf8').length : 0
    const stand = (code: number) => {
      writeFileSync(program, `#!/bin/sh\nprintf x >> ${join(folder, 'runs')}\nexit ${code}\n`, {
        mode: 0o755,
      })
    }
    stand(1)
    const first = updater({ program })
    first.start()
    clock.advance('1m')
    await until(() => first.record.error !== null, 'it failed')
    stand(0)
    clock.advance('30m')
    await until(() => first.record.succeededAt !== null, 'it was tried again')
    expect(counts()).toBe(2)
    await first[Symbol.asyncDispose]()
    const next = updater({ program })
    next.start()
    clock.advance('3h')
    expect(counts()).toBe(2)
    clock.advance('61m')
    await until(() => counts() === 3, 'it is due')
  })

  it('that failed is not tried again by each scan, but no later than by itself', async () => {
    const program = join(folder, 'freshclam')
    const runs = join(folder, 'runs')
    writeFileSync(program, `#!/bin/sh\nprintf x >> ${runs}\nexit 1\n`, { mode: 0o755 })
    const failing = updater({ program })
    const scan = () => failing.freshen({ maxAgeMs: 1, waitMs: 60_000, signal: new AbortController().signal })
    await scan()
    clock.advance('29m')
    await scan()
    expect(readFileSync(runs, 'utf8')).toBe('x')
    clock.advance('2m')
    await scan()
    await until(() => failing.record.triedAt === clock.now(), 'it was tried again')
    expect(readFileSync(runs, 'utf8')).toBe('xx')
  })

  it('stands aside for the freshclam of the distribution', async () => {
    const procFolder = join(folder, 'proc')
    mkdirSync(join(procFolder, '77'), { recursive: true })
    writeFileSync(join(procFolder, '77', 'comm'), 'freshclam\n')
    writeFileSync(join(procFolder, '77', 'cmdline'), '/usr/bin/freshclam\0-d\0--foreground=true\0')
    const idle = updater({ procFolder })
    idle.start()
    clock.advance('1d')
    await idle.freshen({ maxAgeMs: 1, waitMs: 1_000, signal: new AbortController().signal })
    expect(idle.record.triedAt).toBeNull()
  })

  it('lets a scan wait so long and no longer', async () => {
    const program = join(folder, 'freshclam')
    writeFileSync(program, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
    const slow = updater({ program })
    let isOver = false
    const waiting = slow
      .freshen({ maxAgeMs: 1, waitMs: 60_000, signal: new AbortController().signal })
      .then(() => {
        isOver = true
      })
    await Promise.resolve()
    expect(isOver).toBe(false)
    clock.advance('1m')
    await waiting
  })
})
