import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@fleetsweep/protocol'
import { integerOf, integerOrNullOf, type Row, textOf, textOrNullOf } from './row.ts'
import type { Ending } from './summary.ts'

/** Ended actions that are remembered, so that none runs twice. Counted, not aged: the machine's clock may be wrong. */
const MAX_KEPT = 10_000
/** Those of which also the ending is kept, to be told again. */
const MAX_BODIES = 100

/** What is remembered of an action after it was told to the end. */
export type EndedAction = {
  verb: string
  scanType: string | null
  attempts: number
  lastEvent: number
  body: string | null
  endedAt: number | null
  ending: string | null
  sentence: string | null
}

/** The part of the journal that remembers what was told to the end. Runs within the transactions of its caller. */
export class EndedActions {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Moves an open action here, with its newest event. */
  keep(action: Row): void {
    const last = this.#database
      .prepare('SELECT body FROM event WHERE action_id = ? AND number = ?')
      .get(textOf(action, 'action_id'), integerOf(action, 'last_event'))
    this.#insert(action, {
      body: last === undefined ? null : textOf(last, 'body'),
      endedAt: integerOrNullOf(action, 'ended_at'),
      ending: textOrNullOf(action, 'ending'),
      sentence: textOrNullOf(action, 'sentence'),
    })
  }

  /** Moves an action here that the server does not know. */
  keepForgotten(action: Row, sentence: string, now: Instant): void {
    const ending: Ending = 'forgotten'
    this.#insert(action, { body: null, endedAt: now, ending, sentence })
  }

  /** Takes an action of the server out again. */
  take(actionId: string): EndedAction | undefined {
    const sql = "SELECT * FROM ended_action WHERE action_id = ? AND origin = 'server'"
    const row = this.#database.prepare(sql).get(actionId)
    if (row === undefined) return undefined
    this.#database.prepare('DELETE FROM ended_action WHERE action_id = ?').run(actionId)
    return {
      verb: textOf(row, 'verb'),
      scanType: textOrNullOf(row, 'scan_type'),
      attempts: integerOf(row, 'attempts'),
      lastEvent: integerOf(row, 'last_event'),
      body: textOrNullOf(row, 'body'),
      endedAt: integerOrNullOf(row, 'ended_at'),
      ending: textOrNullOf(row, 'ending'),
      sentence: textOrNullOf(row, 'sentence'),
    }
  }

  #insert(action: Row, end: Pick<EndedAction, 'body' | 'endedAt' | 'ending' | 'sentence'>): void {
    this.#database
      .prepare(
        `INSERT INTO ended_action (action_id, verb, origin, scan_type, attempts, last_event, body, ended_at, ending, sentence)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        textOf(action, 'action_id'),
        textOf(action, 'verb'),
        textOf(action, 'origin'),
        textOrNullOf(action, 'scan_type'),
        integerOf(action, 'attempts'),
        integerOf(action, 'last_event'),
        end.body,
        end.endedAt,
        end.ending,
        end.sentence,
      )
    this.#database.prepare('DELETE FROM action WHERE action_id = ?').run(textOf(action, 'action_id'))
    this.#prune()
  }

  #prune(): void {
    const newest = '(SELECT max(position) FROM ended_action)'
    this.#database.exec(`DELETE FROM ended_action WHERE position <= ${newest} - ${MAX_KEPT}`)
    this.#database.exec(
      `UPDATE ended_action SET body = NULL WHERE body IS NOT NULL AND position <= ${newest} - ${MAX_BODIES}`,
    )
  }
}
