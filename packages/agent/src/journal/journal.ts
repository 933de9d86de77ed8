import type { DatabaseSync } from 'node:sqlite'
import {
  type AgentEvent,
  type Clock,
  DEFAULT_SCAN_SETTINGS,
  MICROSECONDS_PER_MS,
  type OpenAction,
  type ScanOrder,
  type ScanSettings,
  type ScanType,
  type StopProof,
  type TaskOrder,
} from '@fleetsweep/protocol'
import { EndedActions } from './ended-actions.ts'
import { fitEvent } from './fit-event.ts'
import { integerOf, integerOrNullOf, type Row, textOf } from './row.ts'
import { readEvent, readProof, readScanOrder, readScanType, readTaskOrder } from './stored-text.ts'
import { summarize } from './summary.ts'

/** Most actions that are open at a time; the heartbeat lists them all. */
export const MAX_OPEN_ACTIONS = 500

/** Whether an order was new, and found room. */
export type Acceptance = 'accepted' | 'known' | 'full'

/** A scan whose turn is to come. */
export type WaitingScan = {
  actionId: string
  scanType: ScanType
  /** What a `Custom` scan looks at; empty for the others. */
  paths: readonly string[]
  settings: ScanSettings
  attempts: number
  crashes: number
}

/** A task whose turn is to come. */
export type WaitingTask = {
  order: TaskOrder
  /** How often it was begun, and the agent did not live to close it. */
  crashes: number
}

/** An event that the server has not acknowledged. */
export type UntoldEvent = { actionId: string; number: number; event: AgentEvent }

/**
 * What the machine was ordered to do, what came of it, and what of that the server has acknowledged.
 *
 * Every method that changes something is one transaction, and that is on disk when the method returns: an order before
 * anything is done about it, an event before it is sent. Killed between any two of them, the agent goes on from here.
 */
export class Journal implements Disposable {
  readonly #database: DatabaseSync
  readonly #clock: Clock
  readonly #ended: EndedActions

  /** @param database opened by `openJournalFile` */
  constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#ended = new EndedActions(database)
  }

  /**
   * Writes a scan order down, with its event `accepted`. A known one changes nothing, except that an action that was
   * told to the end is told again.
   */
  acceptScan(order: ScanOrder, orderText: string): Acceptance {
    return this.#accept(order, orderText, order.scanType)
  }

  /** As `acceptScan`, of an order that is no scan. */
  acceptTask(order: TaskOrder, orderText: string): Acceptance {
    return this.#accept(order, orderText, null)
  }

  /**
   * Writes a stop order down. Where nothing runs for the action, the proof is among its events at once; where a scan
   * runs, it is the caller's to end that and to say so with `end`.
   */
  acceptStop(actionId: string): 'running' | 'answered' {
    return this.#write(() => {
      if (this.#find(actionId) === undefined && !this.#reopen(actionId)) {
        this.#run("INSERT INTO action (action_id, state) VALUES (?, 'waiting')", [actionId])
      }
      const action = this.#get(actionId)
      if (textOf(action, 'state') === 'running') {
        this.#run(
          'UPDATE action SET stop_requested_at = coalesce(stop_requested_at, ?) WHERE action_id = ?',
          [this.#clock.now(), actionId],
        )
        return 'running'
      }
      if (textOf(action, 'state') === 'ended') this.#proveStopAfterEnding(actionId)
      else this.#end(actionId, stopped(readProof(action) ?? 'neverStarted', 0))
      return 'answered'
    })
  }

  /** The scan whose turn it is; `undefined` while none waits. */
  nextWaiting(): WaitingScan | undefined {
    return this.waiting()[0]
  }

  /** All scans that wait, the oldest first. */
  waiting(): WaitingScan[] {
    const sql = "SELECT * FROM action WHERE state = 'waiting' AND verb = 'scan' ORDER BY position"
    return this.#database.prepare(sql).all().map(waitingScan)
  }

  /** The task whose turn it is; `undefined` while none waits. */
  nextTask(): WaitingTask | undefined {
    const sql = "SELECT * FROM action WHERE state = 'waiting' AND verb <> 'scan' ORDER BY position LIMIT 1"
    const row = this.#database.prepare(sql).get()
    if (row === undefined) return undefined
    // Its text has the id as it was written.
    const order = { ...readTaskOrder(textOf(row, 'order_text')), actionId: textOf(row, 'action_id') }
    return { order, crashes: integerOf(row, 'crashes') }
  }

  /**
   * Counts an attempt before anything of it happens.
   *
   * @returns its number, from 1
   */
  beginAttempt(actionId: string): number {
    return this.#write(() => {
      this.#run(
        "UPDATE action SET state = 'running', attempts = attempts + 1, proof = NULL WHERE action_id = ?",
        [actionId],
      )
      return integerOf(this.#get(actionId), 'attempts')
    })
  }

  /** Puts a running action back to wait: this agent ends before the action does. */
  interrupt(actionId: string, proof: StopProof): void {
    this.#write(() => {
      this.#run("UPDATE action SET state = 'waiting', proof = ? WHERE action_id = ?", [proof, actionId])
    })
  }

  /**
   * Closes what an agent that was killed left running: actions wait again, scans that were to stop have stopped.
   *
   * @param proof what shows that no engine of that agent works any more
   */
  recover(proof: StopProof): void {
    this.#write(() => {
      for (const action of this.#database.prepare("SELECT * FROM action WHERE state = 'running'").all()) {
        const actionId = textOf(action, 'action_id')
        const stopRequestedAt = integerOrNullOf(action, 'stop_requested_at')
        // A task may have been carried out: begun again, it finds that, and tells it.
        if (stopRequestedAt === null || textOf(action, 'verb') !== 'scan') {
          this.#run(
            "UPDATE action SET state = 'waiting', crashes = crashes + 1, proof = ? WHERE action_id = ?",
            [proof, actionId],
          )
        } else {
          // Only the wall clock outlives the process; set back meanwhile, it must not make the time negative.
          const elapsedMs = Math.max(
            0,
            Math.round((this.#clock.now() - stopRequestedAt) / MICROSECONDS_PER_MS),
          )
          this.#end(actionId, stopped(proof, elapsedMs))
        }
      }
    })
  }

  /** Adds what happened to a running action. */
  append(actionId: string, event: AgentEvent): void {
    this.#write(() => {
      if (this.#find(actionId) !== undefined) this.#append(actionId, event)
    })
  }

  /**
   * Adds how an action ended. Where a stop order was waiting for the end and the action ended by itself, the proof
   * follows. An action that was forgotten meanwhile stays so.
   */
  end(actionId: string, event: AgentEvent): void {
    this.#write(() => {
      const action = this.#find(actionId)
      if (action === undefined) return
      this.#end(actionId, event)
      if (integerOrNullOf(action, 'stop_requested_at') !== null) this.#proveStopAfterEnding(actionId)
    })
  }

  /** What the heartbeat lists, the oldest first. */
  openActions(): OpenAction[] {
    const sql = 'SELECT * FROM action ORDER BY position LIMIT ?'
    return this.#database
      .prepare(sql)
      .all(MAX_OPEN_ACTIONS)
      .map((row) => ({
        actionId: textOf(row, 'action_id'),
        lastEvent: integerOf(row, 'last_event'),
        ended: textOf(row, 'state') === 'ended',
      }))
  }

  /** The oldest events that the server has not acknowledged. */
  untold(limit: number): UntoldEvent[] {
    const sql = 'SELECT * FROM event WHERE acked = 0 ORDER BY position LIMIT ?'
    return this.#database.prepare(sql).all(limit).map(untoldEvent)
  }

  /**
   * Marks events as acknowledged, this one alone or all up to it.
   *
   * @returns true when that told an action to its end, which leaves the journal then
   */
  ack(actionId: string, number: number, which: 'this' | 'upTo'): boolean {
    const condition = `action_id = ? AND number ${which === 'this' ? '=' : '<='} ? AND acked = 0`
    // Asked first, because a write that changes nothing would still wait for the disk.
    if (this.#database.prepare(`SELECT 1 FROM event WHERE ${condition}`).get(actionId, number) === undefined)
      return false
    return this.#write(() => {
      this.#run(`UPDATE event SET acked = 1 WHERE ${condition}`, [actionId, number])
      // The newest stays until the action goes: it says how an ended action ended.
      this.#run(
        `DELETE FROM event WHERE action_id = ? AND acked = 1
         AND number < (SELECT last_event FROM action WHERE action_id = event.action_id)`,
        [actionId],
      )
      return this.#closeWhenTold(actionId)
    })
  }

  /** Drops an action that the server does not know; it will not run again either. */
  forget(actionId: string): void {
    this.#write(() => {
      const action = this.#find(actionId)
      if (action !== undefined) this.#ended.keepForgotten(action, this.#clock.now())
    })
  }

  /** Closes the file; nothing may be asked of the journal after that. */
  [Symbol.dispose](): void {
    this.#database.close()
  }

  #accept(order: ScanOrder | TaskOrder, orderText: string, scanType: ScanType | null): Acceptance {
    return this.#write(() => {
      const { actionId, verb } = order
      if (this.#find(actionId) !== undefined) return 'known'
      if (this.#reopen(actionId)) return 'known'
      if (this.#countOpen() >= MAX_OPEN_ACTIONS) return 'full'
      const sql = 'INSERT INTO action (action_id, order_text, verb, scan_type, state) VALUES (?, ?, ?, ?, ?)'
      this.#run(sql, [actionId, orderText, verb, scanType, 'waiting'])
      this.#append(actionId, { kind: 'accepted' })
      return 'accepted'
    })
  }

  #append(actionId: string, event: AgentEvent): void {
    const number = integerOf(this.#get(actionId), 'last_event') + 1
    const body = JSON.stringify(fitEvent(actionId, number, event))
    this.#run('UPDATE action SET last_event = ? WHERE action_id = ?', [number, actionId])
    this.#run('INSERT INTO event (action_id, number, body) VALUES (?, ?, ?)', [actionId, number, body])
  }

  #end(actionId: string, event: AgentEvent): void {
    this.#append(actionId, event)
    const now = this.#clock.now()
    const summary = summarize(event, now)
    if (summary === undefined) throw new Error(`An event "${event.kind}" ends no action.`)
    this.#run(
      "UPDATE action SET state = 'ended', ended_at = ?, ending = ?, sentence = ? WHERE action_id = ?",
      [now, summary.ending, summary.sentence, actionId],
    )
  }

  #proveStopAfterEnding(actionId: string): void {
    const sql = 'SELECT * FROM event WHERE action_id = ? ORDER BY number DESC LIMIT 1'
    const last = this.#database.prepare(sql).get(actionId)
    if (last !== undefined && readEvent(textOf(last, 'body')).kind === 'stopped') {
      this.#run('UPDATE event SET acked = 0 WHERE position = ?', [integerOf(last, 'position')])
    } else {
      this.#append(actionId, stopped('queueEmpty', 0))
    }
  }

  #closeWhenTold(actionId: string): boolean {
    const action = this.#find(actionId)
    if (action === undefined || textOf(action, 'state') !== 'ended') return false
    const untold = this.#database
      .prepare('SELECT 1 FROM event WHERE action_id = ? AND acked = 0')
      .get(actionId)
    if (untold !== undefined) return false
    this.#ended.keep(action)
    return true
  }

  /** Takes an action that was told to the end back among the open ones, to tell its end again. */
  #reopen(actionId: string): boolean {
    const ended = this.#ended.take(actionId)
    if (ended === undefined) return false
    this.#run(
      `INSERT INTO action (action_id, verb, scan_type, state, attempts, last_event, ended_at, ending, sentence)
       VALUES (?, ?, ?, 'ended', ?, ?, ?, ?, ?)`,
      [
        actionId,
        ended.verb,
        ended.scanType,
        ended.attempts,
        ended.lastEvent,
        ended.endedAt,
        ended.ending,
        ended.sentence,
      ],
    )
    if (ended.body === null) {
      const reason = 'This machine has done with this action before, and no longer holds how it ended.'
      this.#append(actionId, { kind: 'failed', reason, report: null })
    } else {
      this.#run('INSERT INTO event (action_id, number, body) VALUES (?, ?, ?)', [
        actionId,
        ended.lastEvent,
        ended.body,
      ])
    }
    return true
  }

  #countOpen(): number {
    return integerOf(this.#database.prepare('SELECT count(*) AS n FROM action').get() ?? {}, 'n')
  }

  #find(actionId: string): Row | undefined {
    return this.#database.prepare('SELECT * FROM action WHERE action_id = ?').get(actionId)
  }

  #get(actionId: string): Row {
    const row = this.#find(actionId)
    if (row === undefined) throw new Error(`The journal holds no action ${actionId}.`)
    return row
  }

  #run(sql: string, values: (string | number | null)[]): void {
    this.#database.prepare(sql).run(...values)
  }

  #write<Result>(change: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = change()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

function stopped(proof: StopProof, stoppedWithinMs: number): AgentEvent {
  return { kind: 'stopped', proof, stoppedWithinMs, report: null }
}

function waitingScan(row: Row): WaitingScan {
  const { paths = [], settings = DEFAULT_SCAN_SETTINGS } = readScanOrder(textOf(row, 'order_text'))
  return {
    actionId: textOf(row, 'action_id'),
    scanType: readScanType(textOf(row, 'scan_type')),
    paths,
    settings,
    attempts: integerOf(row, 'attempts'),
    crashes: integerOf(row, 'crashes'),
  }
}

function untoldEvent(row: Row): UntoldEvent {
  return {
    actionId: textOf(row, 'action_id'),
    number: integerOf(row, 'number'),
    event: readEvent(textOf(row, 'body')),
  }
}
