import type { DatabaseSync } from 'node:sqlite'
import {
  type AgentEvent,
  type Clock,
  MICROSECONDS_PER_MS,
  type ScanType,
  type StopProof,
} from '@fleetsweep/protocol'
import type { LoggedVerb, Witness } from '../local-log/index.ts'
import { EndedActions } from './ended-actions.ts'
import { fitEvent } from './fit-event.ts'
import type { Origin } from './local-scan.ts'
import { integerOf, integerOrNullOf, type Row, textOf } from './row.ts'
import { originOf, readEvent, verbOf } from './stored-text.ts'
import { summarize } from './summary.ts'

/** What an action begins with. */
export type NewAction = {
  actionId: string
  orderText: string
  verb: Exclude<LoggedVerb, 'stop'>
  origin: Origin
  scanType: ScanType | null
  /** For the local log. */
  requestor: string
  comment: string | null
  subjects: readonly string[]
}

/** The rows of the journal and what belongs together in them. Runs within the transactions of its caller. */
export class ActionRows {
  readonly #database: DatabaseSync
  readonly #clock: Clock
  readonly #witness: Witness | undefined
  readonly #ended: EndedActions

  /** @param witness hears of each change before the transaction of it ends */
  constructor(database: DatabaseSync, clock: Clock, witness?: Witness) {
    this.#database = database
    this.#clock = clock
    this.#witness = witness
    this.#ended = new EndedActions(database)
  }

  find(actionId: string): Row | undefined {
    return this.#database.prepare('SELECT * FROM action WHERE action_id = ?').get(actionId)
  }

  get(actionId: string): Row {
    const row = this.find(actionId)
    if (row === undefined) throw new Error(`The journal holds no action ${actionId}.`)
    return row
  }

  /** Open actions that somebody asked for. */
  count(origin: Origin): number {
    const sql = 'SELECT count(*) AS n FROM action WHERE origin = ?'
    return integerOf(this.#database.prepare(sql).get(origin) ?? {}, 'n')
  }

  insert({ orderText, ...action }: NewAction): void {
    const { actionId, verb, origin, scanType } = action
    this.#run(
      "INSERT INTO action (action_id, order_text, verb, origin, scan_type, state) VALUES (?, ?, ?, ?, ?, 'waiting')",
      [actionId, orderText, verb, origin, scanType],
    )
    this.append(actionId, { kind: 'accepted' })
    this.#witness?.asked(action)
  }

  /** Adds an action of which only the stop order came. */
  insertStopped(actionId: string): void {
    this.#run("INSERT INTO action (action_id, state) VALUES (?, 'waiting')", [actionId])
  }

  /** @returns the number of the attempt, from 1 */
  beginAttempt(actionId: string): number {
    this.#run(
      "UPDATE action SET state = 'running', attempts = attempts + 1, proof = NULL WHERE action_id = ?",
      [actionId],
    )
    return integerOf(this.get(actionId), 'attempts')
  }

  interrupt(actionId: string, proof: StopProof): void {
    this.#run("UPDATE action SET state = 'waiting', proof = ? WHERE action_id = ?", [proof, actionId])
  }

  requestStop(action: Row, requestor: string | null): void {
    const actionId = textOf(action, 'action_id')
    if (integerOrNullOf(action, 'stop_requested_at') === null) this.witnessStop(actionId, requestor)
    this.#run('UPDATE action SET stop_requested_at = coalesce(stop_requested_at, ?) WHERE action_id = ?', [
      this.#clock.now(),
      actionId,
    ])
  }

  /** @param requestor null for the server's stop orders, which do not say who wants it */
  witnessStop(actionId: string, requestor: string | null): void {
    const origin = originOf(this.get(actionId))
    const asked = { verb: 'stop', scanType: null, requestor, comment: null, subjects: [] } as const
    this.#witness?.asked({ actionId, origin, ...asked })
  }

  /** Brings an action to rest that a killed agent left running. */
  recover(action: Row, proof: StopProof): void {
    const actionId = textOf(action, 'action_id')
    const stopRequestedAt = integerOrNullOf(action, 'stop_requested_at')
    // A task may have been carried out: begun again, it finds that, and tells it.
    if (stopRequestedAt === null || textOf(action, 'verb') !== 'scan') {
      this.#run("UPDATE action SET state = 'waiting', crashes = crashes + 1, proof = ? WHERE action_id = ?", [
        proof,
        actionId,
      ])
    } else {
      // Only the wall clock outlives the process; set back meanwhile, it must not make the time negative.
      const elapsedMs = Math.max(0, Math.round((this.#clock.now() - stopRequestedAt) / MICROSECONDS_PER_MS))
      this.end(actionId, stopped(proof, elapsedMs))
    }
  }

  /** Adds an event to be told; of a local action none is. */
  append(actionId: string, event: AgentEvent): void {
    const action = this.get(actionId)
    if (event.kind === 'detection') this.#witness?.found(actionId, event.detection)
    if (originOf(action) === 'local') return
    const number = integerOf(action, 'last_event') + 1
    const body = JSON.stringify(fitEvent(actionId, number, event))
    this.#run('UPDATE action SET last_event = ? WHERE action_id = ?', [number, actionId])
    this.#run('INSERT INTO event (action_id, number, body) VALUES (?, ?, ?)', [actionId, number, body])
  }

  /** Adds how an action ended; a local one, which nobody waits to be told of, is done with by that. */
  end(actionId: string, event: AgentEvent): void {
    this.append(actionId, event)
    const now = this.#clock.now()
    const action = this.get(actionId)
    const origin = originOf(action)
    const summary = summarize(event, now, origin)
    if (summary === undefined) throw new Error(`An event "${event.kind}" ends no action.`)
    this.#run(
      "UPDATE action SET state = 'ended', ended_at = ?, ending = ?, sentence = ? WHERE action_id = ?",
      [now, summary.ending, summary.sentence, actionId],
    )
    const report = 'report' in event ? event.report : null
    this.#witness?.ended({ actionId, verb: verbOf(action), origin, ...summary, report })
    if (origin === 'local') this.#ended.keep(this.get(actionId))
  }

  proveStopAfterEnding(actionId: string): void {
    const sql = 'SELECT * FROM event WHERE action_id = ? ORDER BY number DESC LIMIT 1'
    const last = this.#database.prepare(sql).get(actionId)
    if (last !== undefined && readEvent(textOf(last, 'body')).kind === 'stopped') {
      this.#run('UPDATE event SET acked = 0 WHERE position = ?', [integerOf(last, 'position')])
    } else {
      this.append(actionId, stopped('queueEmpty', 0))
      this.witnessStop(actionId, null)
    }
  }

  /** @returns true when all of it was told: then it is open no more */
  closeWhenTold(actionId: string): boolean {
    const action = this.find(actionId)
    if (action === undefined || textOf(action, 'state') !== 'ended') return false
    const untold = this.#database
      .prepare('SELECT 1 FROM event WHERE action_id = ? AND acked = 0')
      .get(actionId)
    if (untold !== undefined) return false
    this.#ended.keep(action)
    return true
  }

  forget(action: Row): void {
    const actionId = textOf(action, 'action_id')
    const sentence = 'not known to the server any more'
    const ending = { ending: 'forgotten', sentence, report: null } as const
    this.#witness?.ended({ actionId, verb: verbOf(action), origin: 'server', ...ending })
    this.#ended.keepForgotten(action, sentence, this.#clock.now())
  }

  /** Takes an action that was told to the end back among the open ones, to tell its end again. */
  reopen(actionId: string): boolean {
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
      this.append(actionId, { kind: 'failed', reason, report: null })
    } else {
      this.#run('INSERT INTO event (action_id, number, body) VALUES (?, ?, ?)', [
        actionId,
        ended.lastEvent,
        ended.body,
      ])
    }
    return true
  }

  #run(sql: string, values: (string | number | null)[]): void {
    this.#database.prepare(sql).run(...values)
  }
}

export function stopped(proof: StopProof, stoppedWithinMs: number): AgentEvent {
  return { kind: 'stopped', proof, stoppedWithinMs, report: null }
}
