import { closeSync, openSync } from 'node:fs'
import type { JudgingEngineInfo } from '@fleetsweep/protocol'
import {
  answerClean,
  buildEngine,
  type ClamdCommand,
  FakeClamd,
  MovableClock,
  until,
} from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Judgement } from '../engine.ts'
import { askClamd } from './ask-clamd.ts'
import { type ClamdProcess, ClamdSession } from './clamd-session.ts'
import { chooseTransport } from './clamd-transport.ts'

const CLEAN: Judgement = { kind: 'clean' }

describe('a session with clamd', () => {
  let clamd: FakeClamd
  let clock: MovableClock
  let process: FakeProcess
  let session: ClamdSession
  let file: number

  beforeEach(async () => {
    clamd = await FakeClamd.start()
    clock = new MovableClock()
    process = new FakeProcess(clamd)
    session = await openSession(process, clock)
    file = openSync(import.meta.filename, 'r')
  })

  afterEach(async () => {
    await session[Symbol.asyncDispose]()
    await clamd[Symbol.asyncDispose]()
    closeSync(file)
  })

  const judge = () => session.judge(file, 100)
  const judgeMany = (count: number) => Promise.all(Array.from({ length: count }, judge))
  const filesHeard = () => clamd.heard.filter(({ name }) => name === 'FILDES')

  it('gives each file its own answer, in whatever order the answers come', async () => {
    const waiting: ClamdCommand[] = []
    clamd.script = (command) => waiting.push(command)
    const judgements = judgeMany(3)
    await until(() => waiting.length === 3, 'three files arrive')
    for (const command of waiting.toReversed()) {
      command.answer(command.id === 2 ? 'fd[10]: Bad.Thing FOUND' : 'fd[10]: OK')
    }
    expect(await judgements).toEqual([CLEAN, { kind: 'threat', threatName: 'Bad.Thing' }, CLEAN])
  })

  it('lets answers gather while clamd has enough to do', async () => {
    const waiting: ClamdCommand[] = []
    const settled: Judgement[] = []
    clamd.script = (command) => (command.name === 'FILDES' ? waiting.push(command) : answerClean(command))
    const judgements = Array.from({ length: 4 }, () => judge().then((one) => settled.push(one)))
    await until(() => waiting.length === 4, 'four files arrive')
    const answer = (at: number) => waiting[at]?.answer('fd[10]: OK')
    clock.advance('1s')
    answer(0)
    await until(() => settled.length === 1, 'the first is heard')
    answer(1)
    answer(2)
    // They are there, and nobody has taken them: an answer that was asked for later has come meanwhile.
    await askClamd(clamd.socketPath, 'PING', { timeoutMs: 10_000, clock })
    expect(settled).toHaveLength(1)
    clock.advance(10)
    await until(() => settled.length === 3, 'the others are heard')
    clock.advance(10)
    answer(3)
    await Promise.all(judgements)
  })

  it.each([
    ['Heuristics.Limits.Exceeded.MaxFileSize', 'engineLimit'],
    ['Heuristics.Limits.Exceeded.MaxFiles', 'engineLimit'],
    ['Heuristics.Limits.Exceeded.MaxScanTime', 'timedOut'],
    ['Heuristics.Encrypted.Zip', 'encrypted'],
  ])('does not call %s a threat', async (name, reason) => {
    clamd.script = ({ answer }) => answer(`fd[10]: ${name} FOUND`)
    expect(await judge()).toEqual({ kind: 'notJudged', reason, detail: name })
  })

  it('tells what clamd says when it fails on a file', async () => {
    clamd.script = ({ answer }) => answer("fd[10]: Can't create temporary directory ERROR")
    expect(await judge()).toMatchObject({ kind: 'notJudged', reason: 'engineError' })
  })

  it('ignores answers that nobody waits for', async () => {
    clamd.script = (command) => {
      command.say('77: fd[10]: Ghost FOUND\0')
      command.answer('fd[10]: OK')
      command.answer('fd[10]: Second.Answer FOUND')
    }
    expect(await judgeMany(2)).toEqual([CLEAN, CLEAN])
  })

  it.each([
    ['something that is no reply', (command: ClamdCommand) => command.say('nonsense\0')],
    ['a reply without a number', (command: ClamdCommand) => command.say('fd[10]: OK\0')],
    ['a PONG for a file', (command: ClamdCommand) => command.answer('PONG')],
    [
      'a refusal that ends the session',
      (command: ClamdCommand) => command.say('No file descriptor received. ERROR\0'),
    ],
    [
      'COMMAND READ TIMED OUT',
      (command: ClamdCommand) => {
        command.say('COMMAND READ TIMED OUT\n')
        command.hangUp()
      },
    ],
    ['nothing, and hangs up', (command: ClamdCommand) => command.hangUp()],
  ])(
    'judges again on new connections, one by one, what was open when clamd said %s',
    async (_what, misbehave) => {
      clamd.script = (command) => (command.session === 1 ? misbehave(command) : answerClean(command))
      expect(await judgeMany(3)).toEqual([CLEAN, CLEAN, CLEAN])
      const later = filesHeard().filter(({ session }) => session > 1)
      expect(new Set(later.map(({ session }) => session)).size).toBe(later.length)
    },
  )

  it('gives up on a file that loses its connection alone as well, and goes on with the others', async () => {
    let isPoisoned = true
    clamd.script = (command) =>
      isPoisoned && command.name === 'FILDES' ? command.hangUp() : answerClean(command)
    const judgement = await judge()
    expect(judgement).toMatchObject({ kind: 'notJudged', reason: 'engineError' })
    expect(filesHeard()).toHaveLength(3)
    isPoisoned = false
    expect(await judge()).toEqual(CLEAN)
  })

  it('sends no file to a clamd that is dying and still takes connections', async () => {
    let isDying = false
    clamd.script = (command) => {
      isDying ||= command.session === 1
      if (isDying) command.hangUp()
      else answerClean(command)
    }
    process.onEnd = () => {
      isDying = false
    }
    expect(await judgeMany(3)).toEqual([CLEAN, CLEAN, CLEAN])
    const later = filesHeard().filter(({ session }) => session > 1)
    expect(later).toHaveLength(3)
    expect(process.ended).toBe(1)
  })

  it('does not believe that files are clean while clamd could not write, and asks again for each alone', async () => {
    clamd.script = (command) => {
      if (command.name === 'FILDES' && command.session === 1) process.room.failures++
      answerClean(command)
    }
    expect(await judgeMany(3)).toEqual([CLEAN, CLEAN, CLEAN])
    expect(filesHeard()).toHaveLength(6)
  })

  it('believes in threats, and in nothing clean, as long as there is no room for temporary files', async () => {
    process.room.lack = () => 'the temporary folder is full'
    expect(await judge()).toEqual({
      kind: 'notJudged',
      reason: 'engineError',
      detail: 'the temporary folder is full',
    })
    clamd.script = ({ answer }) => answer('fd[10]: Bad.Thing FOUND')
    expect(await judge()).toMatchObject({ kind: 'threat' })
  })

  it('pings while a file is under way, since clamd takes our silence for our end', async () => {
    const waiting: ClamdCommand[] = []
    clamd.script = (command) => (command.name === 'PING' ? answerClean(command) : waiting.push(command))
    const judgement = judge()
    await until(() => waiting.length === 1, 'the file arrives')
    for (let pings = 1; pings <= 4; pings++) {
      clock.advance('15s')
      await until(() => clamd.heard.filter(({ name }) => name === 'PING').length === pings, 'a ping arrives')
    }
    waiting[0]?.answer('fd[10]: OK')
    expect(await judgement).toEqual(CLEAN)
    clock.advance('15s')
    expect(clock.nextTimerInMs).toBeUndefined()
  })

  it('ends a clamd that answers no pings, and judges its file again', async () => {
    clamd.script = () => {}
    const judgement = judge()
    await until(() => filesHeard().length === 1, 'the file arrives')
    process.onEnd = () => {
      clamd.script = answerClean
    }
    for (let pings = 1; pings <= 3; pings++) {
      clock.advance('15s')
      await until(() => clamd.heard.filter(({ name }) => name === 'PING').length === pings, 'a ping arrives')
    }
    clock.advance('15s')
    expect(await judgement).toEqual(CLEAN)
    expect(process.ended).toBe(1)
  })

  it('gives up on a file without an answer in time, and ends the clamd whose thread is stuck', async () => {
    clamd.script = (command) => command.name === 'PING' && answerClean(command)
    const judgement = judge()
    await until(() => filesHeard().length === 1, 'the file arrives')
    clock.advance('10s')
    clock.advance('60s')
    expect(await judgement).toMatchObject({ kind: 'notJudged', reason: 'timedOut' })
    expect(process.ended).toBe(1)
  })

  it('does not go on with other signatures than it started with', async () => {
    clamd.script = ({ hangUp }) => hangUp()
    process.identity = 'cd'.repeat(32)
    await expect(judge()).rejects.toMatchObject({ code: 'signaturesChanged' })
  })

  describe('when it is stopped', () => {
    it('settles what is under way as cancelled, and proves that nothing waits any more', async () => {
      clamd.script = (command) => command.name === 'STATS' && answerClean(command)
      const judgements = judgeMany(3)
      await until(() => filesHeard().length === 3, 'the files arrive')
      expect(await session.stop()).toBe('queueEmpty')
      expect(await judgements).toEqual(Array(3).fill(expect.objectContaining({ reason: 'cancelled' })))
      expect(await judge()).toMatchObject({ reason: 'cancelled' })
      expect(process.ended).toBe(0)
    })

    it('ends a clamd that is still busy after a second', async () => {
      clamd.script = ({ name, answer }) => {
        if (name === 'STATS') answer('QUEUE: 0 items\n\tSTATS 0.00001 \n\tFILDES 3.140000 fd[12]\n\nEND')
      }
      const judgement = judge()
      await until(() => filesHeard().length === 1, 'the file arrives')
      const stopped = session.stop()
      while (process.ended === 0) {
        clock.advance(50)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(clock.monotonicMs()).toBeGreaterThanOrEqual(1_000)
      expect(await stopped).toBe('processGone')
      expect(await judgement).toMatchObject({ reason: 'cancelled' })
    })

    it('starts nothing again', async () => {
      clamd.script = (command) => command.name === 'STATS' && answerClean(command)
      const judgement = judge()
      await until(() => filesHeard().length === 1, 'the file arrives')
      const started = process.started
      await session.stop()
      await judgement
      await judge()
      expect(process.started).toBe(started)
    })
  })
})

async function openSession(process: ClamdProcess, clock: MovableClock): Promise<ClamdSession> {
  const info: JudgingEngineInfo = buildEngine()
  const { connect, passesDescriptors } = await chooseTransport()
  expect(passesDescriptors).toBe(true)
  return new ClamdSession({
    process,
    connect,
    clock,
    info,
    window: 4,
    ownFolders: [],
    limits: { fileTimeoutMs: 70_000, inHand: 4, pingEveryMs: 15_000 },
    onDisposed: () => {},
  })
}

/** A process that is started and ended by counting; the fake behind it hangs up on everybody when it is ended. */
class FakeProcess implements ClamdProcess {
  readonly isOurs = true
  readonly room = { failures: 0, lack: (): string | undefined => undefined }
  identity = buildEngine().signatures.identity
  started = 0
  ended = 0
  onEnd = () => {}
  readonly #clamd: FakeClamd
  #isUp = true

  constructor(clamd: FakeClamd) {
    this.#clamd = clamd
  }

  get socketPath(): string | undefined {
    return this.#isUp ? this.#clamd.socketPath : undefined
  }

  async ensure() {
    this.started++
    this.#isUp = true
    return { socketPath: this.#clamd.socketPath, identity: this.identity }
  }

  async end() {
    if (!this.#isUp) return
    this.#isUp = false
    this.ended++
    this.#clamd.hangUp()
    this.onEnd()
  }
}
