import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MovableClock, sampleDetection, sampleReport } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../os/logger.ts'
import { readHistory } from './history.ts'
import { type AskedAction, LocalLog } from './local-log.ts'

let stateDir: string
let logged: string
let log: LocalLog

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'fleetsweep-log-'))
  logged = ''
  const logger = createLogger('error', (text) => {
    logged += text
  })
  log = new LocalLog(stateDir, new MovableClock(), logger)
})

afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const scan: AskedAction = {
  actionId: 'a',
  verb: 'scan',
  origin: 'server',
  requestor: 'soar',
  comment: 'alert 3212',
  scanType: 'Custom',
  subjects: ['/srv/mail'],
}
const ending = { verb: 'scan', origin: 'server', ending: 'threatsFound', sentence: '2 detections' } as const

describe('the local log', () => {
  it('says what was asked, by whom, what was found and what was reported', () => {
    log.asked(scan)
    log.asked({ ...scan, actionId: 'b', verb: 'restore', scanType: null, subjects: ['42'] })
    log.found('a', sampleDetection('/srv/mail/a.com'))
    log.ended({ actionId: 'a', ...ending, report: sampleReport({ detections: 2 }) })
    expect(readHistory(stateDir, 5)).toMatchObject([
      { actionId: 'b', asked: { verb: 'restore', subjects: ['42'] }, ended: null },
      {
        actionId: 'a',
        asked: { requestor: 'soar', comment: 'alert 3212', subjects: ['/srv/mail'] },
        found: [{ threatName: 'Eicar-Test-Signature', path: '/srv/mail/a.com' }],
        ended: { sentence: '2 detections', report: { engine: 'ClamAV 1.4.6', detections: 2, met: 10 } },
      },
    ])
    expect(readHistory(stateDir, 1)).toHaveLength(1)
  })

  it('tells once what a kill has let it be told twice', () => {
    for (let attempt = 1; attempt <= 2; attempt++) {
      log.asked(scan)
      log.found('a', sampleDetection())
      log.ended({ actionId: 'a', ...ending, report: null })
    }
    const [item, ...more] = readHistory(stateDir, 5)
    expect([item?.found.length, more.length]).toEqual([1, 0])
  })

  it('is for the owner of the state folder only, and stays within its size whatever is asked', () => {
    const long = { ...scan, comment: 'x'.repeat(4_000), subjects: Array(100).fill(`/${'y'.repeat(4_000)}`) }
    for (let i = 0; i < 320; i++) log.asked({ ...long, actionId: `a${i}` })
    const folder = join(stateDir, 'log')
    const files = readdirSync(folder).map((name) => statSync(join(folder, name)))
    expect(files).toHaveLength(5)
    expect(files.every(({ mode }) => (mode & 0o777) === 0o600)).toBe(true)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(5.5 * 1024 * 1024)
    const history = readHistory(stateDir, 1_000)
    expect(history[0]?.actionId).toBe('a319')
    expect(history.length).toBeLessThan(320)
    expect(history[0]?.asked).toMatchObject({
      subjectCount: 100,
      comment: expect.stringMatching(/^x{999}…$/),
    })
  })

  it('names the first detections of a scan, so that a folder full of them pushes nothing out', () => {
    for (let i = 0; i < 1_000; i++) log.found('a', sampleDetection(`/tmp/${i}`))
    expect(readHistory(stateDir, 1)[0]?.found).toHaveLength(20)
  })

  it('goes on after a line that a power cut has torn', () => {
    log.asked(scan)
    appendFileSync(join(stateDir, 'log', 'asked.jsonl'), '{"what":"asked","actio')
    log.asked({ ...scan, actionId: 'b' })
    expect(readHistory(stateDir, 5).map(({ actionId }) => actionId)).toEqual(['b', 'a'])
    expect(readFileSync(join(stateDir, 'log', 'asked.jsonl'), 'utf8').split('\n')).toHaveLength(4)
  })

  it('that cannot be written stops nothing, and the log of the program says so', () => {
    writeFileSync(join(stateDir, 'log'), 'a file in its way')
    log.asked(scan)
    expect(logged).toContain('the local log cannot be written')
  })
})
