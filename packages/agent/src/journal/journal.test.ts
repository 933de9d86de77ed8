import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { DEFAULT_SCAN_SETTINGS, type ScanOrder } from '@fleetsweep/protocol'
import { MovableClock, sampleDetection, sampleEngine, sampleReport } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Journal, MAX_LOCAL_SCANS, MAX_OPEN_ACTIONS } from './journal.ts'
import { openJournalFile } from './journal-file.ts'
import { recentScans } from './recent-scans.ts'

let stateDir: string
let clock: MovableClock
let database: DatabaseSync
let journal: Journal

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'fleetsweep-journal-'))
  clock = new MovableClock()
  open()
})

afterEach(() => {
  journal[Symbol.dispose]()
  rmSync(stateDir, { recursive: true, force: true })
})

function open(): void {
  database = openJournalFile({ stateDir, owner: 'machine-1' }).database
  journal = new Journal(database, clock)
}

/** As after a kill: nothing was closed well, everything is read from disk again. */
function reopen(): void {
  journal[Symbol.dispose]()
  open()
}

function scanOrder(actionId: string = randomUUID()): ScanOrder {
  return {
    verb: 'scan',
    machineId: 'ab'.repeat(20),
    actionId,
    agentNonce: 'n'.repeat(32),
    counter: 1,
    scanType: 'Quick',
    requestor: 'soar',
    comment: 'alert 3212',
  }
}

function accept(actionId?: string): string {
  const order = scanOrder(actionId)
  journal.acceptScan(order, JSON.stringify(order))
  return order.actionId
}

function untold(): [number, string][] {
  return journal.untold(1_000).map(({ number, event }) => [number, event.kind])
}

/** Acknowledges everything, as a server does that keeps up. */
function ackAll(): void {
  for (const { actionId, number } of journal.untold(100_000)) journal.ack(actionId, number, 'this')
}

describe('the journal', () => {
  it('holds an accepted order, and the word of it, after everything else is gone', () => {
    const actionId = accept()
    reopen()
    expect(journal.openActions()).toEqual([{ actionId, lastEvent: 1, ended: false }])
    expect(untold()).toEqual([[1, 'accepted']])
    expect(journal.nextWaiting()).toEqual({
      actionId,
      scanType: 'Quick',
      paths: [],
      settings: DEFAULT_SCAN_SETTINGS,
      attempts: 0,
      crashes: 0,
    })
  })

  it('numbers the events of each action without gaps, acknowledged or not', () => {
    const actionId = accept()
    journal.ack(actionId, 1, 'this')
    expect(journal.beginAttempt(actionId)).toBe(1)
    journal.append(actionId, { kind: 'started', attempt: 1, engine: sampleEngine })
    ackAll()
    reopen()
    journal.append(actionId, { kind: 'detection', attempt: 1, detection: sampleDetection() })
    expect(untold()).toEqual([[3, 'detection']])
  })

  it('keeps an ended action until its last event is acknowledged, in any order', () => {
    const actionId = accept()
    journal.beginAttempt(actionId)
    journal.end(actionId, { kind: 'finished', report: sampleReport() })
    journal.ack(actionId, 2, 'this')
    expect(journal.openActions()).toEqual([{ actionId, lastEvent: 2, ended: true }])
    journal.ack(actionId, 1, 'this')
    expect(journal.openActions()).toEqual([])
  })

  it('believes a server that says how far it is', () => {
    const actionId = accept()
    journal.beginAttempt(actionId)
    journal.append(actionId, { kind: 'started', attempt: 1, engine: sampleEngine })
    journal.end(actionId, { kind: 'finished', report: sampleReport() })
    journal.ack(actionId, 2, 'upTo')
    expect(untold()).toEqual([[3, 'finished']])
    journal.ack(actionId, 3, 'upTo')
    expect(journal.openActions()).toEqual([])
  })

  it('counts an attempt before it begins, and a kill in it as a crash', () => {
    const actionId = accept()
    journal.beginAttempt(actionId)
    reopen()
    journal.recover('processGone')
    expect(journal.nextWaiting()).toMatchObject({ attempts: 1, crashes: 1 })
    journal.beginAttempt(actionId)
    journal.interrupt(actionId, 'queueEmpty')
    reopen()
    journal.recover('processGone')
    expect(journal.nextWaiting()).toMatchObject({ attempts: 2, crashes: 1 })
  })

  it.each([
    ['before its first attempt', () => {}, 'neverStarted'],
    [
      'after a kill in an attempt',
      (actionId: string) => {
        journal.beginAttempt(actionId)
        journal.recover('processGone')
      },
      'processGone',
    ],
    [
      'after an attempt that was interrupted well',
      (actionId: string) => {
        journal.beginAttempt(actionId)
        journal.interrupt(actionId, 'queueEmpty')
      },
      'queueEmpty',
    ],
  ])('answers a stop of a waiting scan %s with the proof that it has', (_, prepare, proof) => {
    const actionId = accept()
    prepare(actionId)
    ackAll()
    expect(journal.acceptStop(actionId)).toBe('answered')
    expect(journal.untold(1)[0]?.event).toMatchObject({ kind: 'stopped', proof })
    expect(journal.nextWaiting()).toBeUndefined()
  })

  it('proves a stop that a kill cut off, and never counts time backwards', () => {
    const actionId = accept()
    journal.beginAttempt(actionId)
    expect(journal.acceptStop(actionId)).toBe('running')
    reopen()
    clock.jump('-1d')
    journal.recover('processGone')
    expect(journal.untold(9).at(-1)?.event).toMatchObject({
      kind: 'stopped',
      proof: 'processGone',
      stoppedWithinMs: 0,
    })
  })

  it('adds the proof when the action ended by itself while a stop was under way', () => {
    const actionId = accept()
    journal.beginAttempt(actionId)
    journal.acceptStop(actionId)
    journal.end(actionId, { kind: 'finished', report: sampleReport() })
    expect(untold()).toEqual([
      [1, 'accepted'],
      [2, 'finished'],
      [3, 'stopped'],
    ])
  })

  it('remembers that an action has ended long after it forgot how', () => {
    const first = accept()
    journal.beginAttempt(first)
    journal.end(first, { kind: 'finished', report: sampleReport() })
    ackAll()
    for (let count = 0; count < 150; count++) {
      journal.acceptStop(randomUUID())
      ackAll()
    }
    reopen()
    expect(accept(first)).toBe(first)
    expect(journal.nextWaiting()).toBeUndefined()
    expect(journal.untold(1)[0]).toMatchObject({ number: 3, event: { kind: 'failed' } })
  })

  it('takes no more than it can list', () => {
    for (let count = 0; count < MAX_OPEN_ACTIONS; count++) accept()
    expect(journal.acceptScan(scanOrder(), '{}')).toBe('full')
    expect(journal.openActions()).toHaveLength(MAX_OPEN_ACTIONS)
  })

  it('refuses an event that no server would take, and stays whole', () => {
    const actionId = accept()
    const detection = { ...sampleDetection(), threatName: '' }
    expect(() => journal.append(actionId, { kind: 'detection', attempt: 1, detection })).toThrow(
      'breaks the protocol',
    )
    expect(untold()).toEqual([[1, 'accepted']])
  })

  it('lists the scans that ended last, and whether the server knows', () => {
    for (const detections of [0, 2]) {
      const actionId = accept()
      journal.beginAttempt(actionId)
      if (detections > 0) ackAll()
      clock.advance('1m')
      journal.end(actionId, { kind: 'finished', report: sampleReport({ detections }) })
      if (detections === 0) ackAll()
    }
    journal.acceptStop(randomUUID())
    expect(recentScans(database, 5)).toMatchObject([
      { ending: 'threatsFound', told: false },
      { ending: 'nothingFound', told: true },
    ])
  })

  it('of an older version keeps what waits, and takes what that version did not know', () => {
    const actionId = accept()
    database.exec(`
      ALTER TABLE action DROP COLUMN origin; ALTER TABLE ended_action DROP COLUMN origin;
      ALTER TABLE action DROP COLUMN verb; ALTER TABLE action DROP COLUMN scan_type;
      ALTER TABLE action ADD COLUMN scan_type TEXT CHECK (scan_type IN ('Quick', 'Full'));
      UPDATE action SET scan_type = 'Quick';
      ALTER TABLE ended_action DROP COLUMN verb; PRAGMA user_version = 1`)
    reopen()
    expect(journal.nextWaiting()).toMatchObject({ actionId, scanType: 'Quick' })
    const custom: ScanOrder = { ...scanOrder(), scanType: 'Custom', paths: ['/srv'] }
    journal.acceptScan(custom, JSON.stringify(custom))
    expect(journal.waiting()[1]).toMatchObject({ scanType: 'Custom', paths: ['/srv'] })
    ackAll()
    expect(journal.openActions()).toHaveLength(2)
  })

  it('of another identity is set aside, not told', () => {
    accept()
    journal[Symbol.dispose]()
    const opened = openJournalFile({ stateDir, owner: 'machine-2' })
    journal = new Journal(opened.database, clock)
    expect(opened.setAside).toBe(join(stateDir, 'journal.db.set-aside-1'))
    expect(journal.openActions()).toEqual([])
  })
})

describe('a scan that somebody on this machine asked for', () => {
  function acceptLocal(): string {
    const actionId = `local-${randomUUID()}`
    const scan = {
      actionId,
      scanType: 'Custom' as const,
      paths: ['/srv/mail'],
      settings: DEFAULT_SCAN_SETTINGS,
      requestor: 'root',
    }
    expect(journal.acceptLocalScan(scan)).toBe('accepted')
    return actionId
  }

  it('waits in one line with those of the server, also after a kill', () => {
    const [first, second, third] = [accept(), acceptLocal(), accept()]
    journal.beginAttempt(second)
    reopen()
    journal.recover('processGone')
    expect(journal.waiting().map(({ actionId }) => actionId)).toEqual([first, second, third])
    expect(journal.waiting()[1]).toMatchObject({ paths: ['/srv/mail'], attempts: 1, crashes: 1 })
  })

  it('is never among what is told to the server, and nothing that the server says ends it', () => {
    const actionId = acceptLocal()
    journal.beginAttempt(actionId)
    journal.append(actionId, { kind: 'started', attempt: 1, engine: sampleEngine })
    journal.append(actionId, { kind: 'detection', attempt: 1, detection: sampleDetection() })
    expect(journal.openActions()).toEqual([])
    expect(untold()).toEqual([])
    journal.forget(actionId)
    journal.ack(actionId, 5, 'upTo')
    expect(journal.openLocalScans()).toEqual([actionId])
    journal.end(actionId, { kind: 'finished', report: sampleReport() })
    expect([journal.openLocalScans(), journal.openActions(), untold()]).toEqual([[], [], []])
    expect(journal.acceptStop(actionId)).toBe('answered')
    expect([journal.openActions(), untold()]).toEqual([[], []])
    expect(recentScans(database, 5)).toMatchObject([{ actionId, origin: 'local', told: false }])
  })

  it('that was to stop when the agent was killed has stopped', () => {
    const actionId = acceptLocal()
    journal.beginAttempt(actionId)
    expect(journal.acceptStop(actionId)).toBe('running')
    reopen()
    journal.recover('processGone')
    expect(journal.openLocalScans()).toEqual([])
    expect(recentScans(database, 5)).toMatchObject([
      { ending: 'stopped', sentence: 'stopped on this machine' },
    ])
  })

  it('takes no room from the orders of the server, and has bounds of its own', () => {
    for (let i = 0; i < MAX_LOCAL_SCANS; i++) acceptLocal()
    const scan = {
      actionId: `local-${randomUUID()}`,
      scanType: 'Full' as const,
      paths: [],
      requestor: 'root',
    }
    expect(journal.acceptLocalScan({ ...scan, settings: DEFAULT_SCAN_SETTINGS })).toBe('full')
    accept()
    expect(journal.openActions()).toHaveLength(1)
  })
})
