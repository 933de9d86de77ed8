import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock, Timer } from '@fleetsweep/protocol'
import { eicar, tool, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configArgument } from '../src/engines/clamav/leftover.ts'
import { EngineError, type OwnEngine } from '../src/engines/index.ts'
import { identifyProcess } from '../src/os/process-identity.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { ClamAvFixture, finished } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'

describe("the agent's own clamd", () => {
  let fixture: ClamAvFixture
  const children: ChildProcess[] = []
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await fixture[Symbol.asyncDispose]()
  })

  const open = (engine: OwnEngine) => engine.open({ onPhase: () => {}, signal: new AbortController().signal })
  const codeOf = (opening: Promise<unknown>) =>
    opening.then(
      () => 'opened',
      (error: unknown) => (error instanceof EngineError ? error.code : String(error)),
    )
  const pid = () => {
    const running = fixture.clamdPid()
    if (running === undefined) throw new Error('clamd does not run')
    return running
  }
  const hasEnded = (process: number) =>
    until(() => identifyProcess(process) === undefined, 'the process ends')

  it('never runs as root, and only its own user reaches its socket', async () => {
    await using _session = await open(fixture.engine())
    const status = readFileSync(`/proc/${pid()}/status`, 'latin1')
    const uids = /^Uid:\t(\d+)\t(\d+)\t(\d+)/m.exec(status)?.slice(1).map(Number)
    const own = process.getuid?.() ?? -1
    expect(new Set(uids).size).toBe(1)
    expect(uids?.[0] === own).toBe(own !== 0)
    const socketFolder = join(fixture.stageDir(), 'socket')
    expect(statSync(socketFolder)).toMatchObject({ mode: 0o40700, uid: uids?.[0] })
  })

  it('is started for a scan and ended after it was idle for a while', async () => {
    const clock = new HeldClock(60_000)
    const engine = fixture.engine({ idleMs: 900_000 }, clock)
    expect(fixture.clamdPid()).toBeUndefined()
    await (await open(engine))[Symbol.asyncDispose]()
    const first = pid()
    await (await open(engine))[Symbol.asyncDispose]()
    expect(pid()).toBe(first)
    expect(clock.held).toEqual([900_000])
    clock.release()
    await hasEnded(first)
    await using _again = await open(engine)
    expect(pid()).not.toBe(first)
  })

  it('leaves nothing behind when the engine is closed', async () => {
    const engine = fixture.engine()
    await using _session = await open(engine)
    const running = pid()
    const stage = fixture.stageDir()
    await engine[Symbol.asyncDispose]()
    expect(identifyProcess(running)).toBeUndefined()
    expect(entries(stage).filter((name) => ['socket', 'tmp', 'signatures'].includes(name))).toEqual([])
  })

  it('is started again when it dies in mid-scan, and the scan ends with true counts', async () => {
    for (let i = 0; i < 60; i++)
      writeFileSync(join(fixture.files, `f${i}`), `${i % 20 === 3 ? eicar() : 'file'} ${i}`)
    let judged = 0
    const hooked = hookEngine(fixture.engine(), {
      beforeJudge: () => {
        judged++
        if (judged === 20 || judged === 45) process.kill(pid(), 'SIGKILL')
      },
    })
    const result = await fixture.scan(hooked)
    expect(finished(result).coverage.scanned.files).toBe(60)
    expect(result.detections).toHaveLength(3)
  })

  it('survives a file that crashes it, which is named, tried alone twice, and costs no other file its verdict', async () => {
    const deadly = join(fixture.files, 'deadly')
    writeFileSync(deadly, randomBytes(60_000_000))
    for (let i = 0; i < 30; i++)
      writeFileSync(join(fixture.files, `f${i}`), `${i === 3 ? eicar() : 'file'} ${i}`)
    const crashed = new Set<number>()
    const watching = setInterval(() => {
      const running = fixture.clamdPid()
      if (running === undefined || crashed.has(running) || !hasOpen(running, deadly)) return
      process.kill(running, 'SIGSEGV')
      crashed.add(running)
    }, 2)
    try {
      const result = await fixture.scan(fixture.engine())
      const { coverage, notScannedSamples } = finished(result)
      expect(coverage.scanned.files).toBe(30)
      expect(notScannedSamples).toMatchObject([{ reason: 'engineError', path: { text: deadly } }])
      expect(result.detections).toHaveLength(1)
      expect([...crashed]).toHaveLength(3)
    } finally {
      clearInterval(watching)
    }
  })

  it('is started again when its supervisor dies', async () => {
    const engine = fixture.engine()
    await using session = await open(engine)
    const first = pid()
    const supervisor = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${first}/status`, 'latin1'))?.[1])
    process.kill(supervisor, 'SIGKILL')
    await hasEnded(first)
    const file = openFile(join(fixture.folder, 'eicar.com'), eicar())
    expect(await session.judge(file, 68)).toMatchObject({ kind: 'threat' })
  })

  it('ends with the agent, however the agent ends', async () => {
    const agent = await startAgent()
    const running = pid()
    const stage = fixture.stageDir()
    const temporary = fixture.temporaryDir()
    agent.kill('SIGKILL')
    await hasEnded(running)
    const isOwnFolder = stage !== fixture.engineConfig.runtimeDir
    await until(() => !isOwnFolder || !existsSync(stage), 'its folders in the temporary folder go, too')
    await until(() => !existsSync(temporary), 'its folder in memory goes, too')
  })

  it.each([
    ['in memory, where there is plenty of it', {}, true],
    ['on disk, where there is not', { availableMemoryBytes: () => 500_000_000 }, false],
    ['on disk, where it was told to', { keepsTemporaryFilesInMemory: false }, false],
  ])('unpacks %s', async (_where, config, isInMemory) => {
    const engine = fixture.engine({ maxFileSizeBytes: 64 * 1024 * 1024, ...config })
    await using session = await open(engine)
    const folder = fixture.temporaryDir()
    expect(dirname(folder) === '/dev/shm').toBe(isInMemory)
    expect(session.ownFolders).toContain(folder)
    await engine[Symbol.asyncDispose]()
    expect(existsSync(folder)).toBe(false)
  })

  it('is ended by the next agent when even its supervisor did not get to it', async () => {
    const agent = await startAgent()
    const left = pid()
    const supervisor = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${left}/status`, 'latin1'))?.[1])
    process.kill(supervisor, 'SIGSTOP')
    agent.kill('SIGKILL')
    process.kill(supervisor, 'SIGKILL')
    await until(() => agent.signalCode === 'SIGKILL', 'the agent is gone')
    expect(identifyProcess(left)).toBeDefined()
    expect(await fixture.engine().endLeftovers()).toBe('processGone')
    expect(identifyProcess(left)).toBeUndefined()
    expect(await fixture.engine().endLeftovers()).toBe('neverStarted')
  })

  it.each([
    ['is another program', (record: Leftover) => record],
    ['started at another time', (record: Leftover) => ({ ...record, startTicks: '1' })],
    ['ran before the machine was started anew', (record: Leftover) => ({ ...record, bootId: 'another' })],
  ])('is not taken for a process that %s', async (_what, change) => {
    const isOurs = _what !== 'is another program'
    const configFile = join(fixture.folder, 'engine/clamd.conf')
    const bystander = spawn('/bin/sh', [
      '-c',
      'read _',
      'sh',
      ...(isOurs ? [configArgument(configFile)] : []),
    ])
    children.push(bystander)
    const identity = identifyProcess(bystander.pid ?? 0)
    if (!identity) throw new Error('the bystander does not run')
    mkdirSync(join(fixture.folder, 'engine'))
    const stageDir = join(fixture.folder, 'engine')
    const record = { stageDir, temporaryDir: join(stageDir, 'tmp'), process: change(identity) }
    writeFileSync(join(fixture.folder, 'engine/engine.json'), JSON.stringify(record))
    await fixture.engine().endLeftovers()
    expect(identifyProcess(identity.pid)).toEqual(identity)
  })

  it('starts in spite of a record that makes no sense', async () => {
    mkdirSync(join(fixture.folder, 'engine'))
    writeFileSync(join(fixture.folder, 'engine/engine.json'), '{"process":{"pid":1}')
    expect(await codeOf(open(fixture.engine()))).toBe('opened')
  })

  describe('and its signatures', () => {
    let databaseDir: string
    beforeEach(() => {
      databaseDir = join(fixture.folder, 'database')
      mkdirSync(databaseDir)
    })
    const install = () => {
      const from = tool('signatures').path
      for (const name of readdirSync(from)) copyFileSync(join(from, name), join(databaseDir, name))
    }
    const hashSignature = (name: string) => `${'ab'.repeat(16)}:1234:${name}\n`

    it('reports having none', async () => {
      expect(await codeOf(open(fixture.engine({ databaseDir })))).toBe('noSignatures')
      expect(await fixture.engine({ databaseDir }).inspect()).toMatchObject({
        state: 'noSignatures',
        signatures: null,
      })
      expect(await codeOf(open(fixture.engine({ databaseDir: join(databaseDir, 'nowhere') })))).toBe(
        'noSignatures',
      )
    })

    it('reports what cannot be read as none, and says why', async () => {
      mkdirSync(join(databaseDir, 'folder.ndb'))
      const engine = fixture.engine({ databaseDir })
      expect(await engine.inspect()).toMatchObject({ state: 'noSignatures', signatures: null })
      const error = await open(engine).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'noSignatures', message: expect.stringContaining('EISDIR') })
    })

    it('is not trusted when it does not find the test pattern', async () => {
      writeFileSync(join(databaseDir, 'blind.hdb'), hashSignature('Something'))
      expect(await codeOf(open(fixture.engine({ databaseDir })))).toBe('engineBlind')
      expect(fixture.clamdPid()).toBeUndefined()
      const { outcome } = await fixture.scan(fixture.engine({ databaseDir }))
      expect(outcome).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('test pattern'),
        report: null,
      })
    })

    it('says why it does not start with broken ones', async () => {
      writeFileSync(join(databaseDir, 'broken.ndb'), 'this:is:not:a:signature:at:all\n')
      const error = await open(fixture.engine({ databaseDir })).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        code: 'engineDoesNotStart',
        message: expect.stringMatching(/malformed/i),
      })
    })

    it('says how much memory it lacks', async () => {
      install()
      const engine = fixture.engine({ databaseDir, availableMemoryBytes: () => 50_000_000 })
      const error = await open(engine).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        code: 'notEnoughMemory',
        message: expect.stringMatching(/needs about 14\d MB of memory for 3,\d+ signatures; 50 MB are free/),
      })
    })

    it('loads what changed before the next scan, and reports what judged', async () => {
      install()
      const engine = fixture.engine({ databaseDir })
      const before = await open(engine)
      const file = openFile(join(fixture.folder, 'later'), Buffer.from('found later'))
      expect(await before.judge(file, 11)).toEqual({ kind: 'clean' })
      writeFileSync(
        join(databaseDir, 'later.ndb'),
        `Later:0:*:${Buffer.from('found later').toString('hex')}\n`,
      )
      expect(await before.judge(file, 11)).toEqual({ kind: 'clean' })
      await before[Symbol.asyncDispose]()
      await using after = await open(engine)
      expect(await after.judge(file, 11)).toMatchObject({ kind: 'threat' })
      expect(after.info.signatures.count).toBe(before.info.signatures.count + 1)
      expect(after.info.signatures.identity).not.toBe(before.info.signatures.identity)
      expect((await engine.inspect()).signatures).toEqual(after.info.signatures)
    })

    it('fails a scan rather than mix two sets in one report', async () => {
      install()
      for (let i = 0; i < 30; i++) writeFileSync(join(fixture.files, `f${i}`), `file ${i}`)
      let judged = 0
      const hooked = hookEngine(fixture.engine({ databaseDir }), {
        beforeJudge: () => {
          judged++
          if (judged !== 15) return
          writeFileSync(join(databaseDir, 'new.hdb'), hashSignature('New'))
          process.kill(pid(), 'SIGKILL')
        },
      })
      const { outcome } = await fixture.scan(hooked)
      expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('signatures') })
      const coverage = outcome.report?.coverage
      expect((coverage?.scanned.files ?? 0) + (coverage?.notScanned.engineError.files ?? 0)).toBe(30)
    })

    it('reads those that only the agent may read', async () => {
      install()
      for (const name of readdirSync(databaseDir)) chmodSync(join(databaseDir, name), 0o600)
      chmodSync(databaseDir, 0o700)
      expect(await codeOf(open(fixture.engine({ databaseDir })))).toBe('opened')
    })
  })

  it('is told to be missing when it is', async () => {
    const engine = fixture.engine({ clamdPath: join(fixture.folder, 'no-clamd') })
    expect(await codeOf(open(engine))).toBe('engineMissing')
    expect(await engine.inspect()).toMatchObject({ state: 'missing', version: null })
  })

  it('tells what is installed without starting anything', async () => {
    expect(await fixture.engine().inspect()).toMatchObject({
      name: 'ClamAV',
      state: 'ready',
      version: expect.stringMatching(/^\d+\.\d+/),
      signatures: { official: false, version: null, builtAt: null },
    })
    expect(fixture.clamdPid()).toBeUndefined()
  })

  /** Another process with an engine in the same folder, as far as its clamd being ready. */
  async function startAgent(): Promise<ChildProcess> {
    const script = join(import.meta.dirname, 'engine-child.ts')
    const agent = spawn(process.execPath, [script, JSON.stringify(fixture.engineConfig)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(agent)
    await new Promise((resolve, reject) => {
      agent.stdout?.once('data', resolve)
      agent.once('exit', () => reject(new Error('the agent ended')))
    })
    return agent
  }
})

function openFile(path: string, content: Buffer): number {
  writeFileSync(path, content)
  return openSync(path, 'r')
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

type Leftover = { pid: number; startTicks: string; bootId: string }

/** A clock whose long timers wait to be released. */
class HeldClock implements Clock {
  readonly #fromMs: number
  #timers: { ms: number; run: () => void }[] = []

  constructor(fromMs: number) {
    this.#fromMs = fromMs
  }

  now = () => systemClock.now()
  monotonicMs = () => systemClock.monotonicMs()

  get held(): number[] {
    return this.#timers.map(({ ms }) => ms)
  }

  setTimer(ms: number, run: () => void): Timer {
    if (ms < this.#fromMs) return systemClock.setTimer(ms, run)
    const timer = { ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  release(): void {
    for (const { run } of this.#timers.splice(0)) run()
  }
}

/** True while a process holds a file open; one that has just ended holds none. */
function hasOpen(pid: number, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path)
  } catch {
    return false
  }
}
