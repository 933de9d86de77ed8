import type { DatabaseSync } from 'node:sqlite'
import type { AgentEvent, Clock, OpenAction, ScanOrder, StopProof, TaskOrder } from '@fleetsweep/protocol'
import type { Witness } from '../local-log/index.ts'
import { ActionRows, type NewAction } from './action-rows.ts'
import type { LocalScan, Origin } from './local-scan.ts'
import { nextTask, type WaitingTask } from './next-task.ts'
import { integerOf, integerOrNullOf, type Row, textOf } from './row.ts'
import { openLocalScans, ScanEntries, type WaitingScan } from './scan-entries.ts'
import { originOf, readEvent } from './stored-text.ts'

export type { WaitingTask } from './next-task.ts'
export type { WaitingScan } from './scan-entries.ts'

/** Most actions of the server that are open at a time; the heartbeat lists them all. */
export const MAX_OPEN_ACTIONS = 500
/** Most scans of this machine's own people that are open at a time. */
export const MAX_LOCAL_SCANS = 20

const MOST_OPEN: Record<Origin, number> = { server: MAX_OPEN_ACTIONS, local: MAX_LOCAL_SCANS }

/** Whether an order was new, and found room. */
export type Acceptance = 'accepted' | 'known' | 'full'

/** An event that the server has not acknowledged. */
export type UntoldEvent = { actionId: string; number: number; event: AgentEvent }

/**
 * What the machine was asked to do, what came of it, and what of that the server has acknowledged.
 *
 * Every method that changes something is one transaction, and that is on disk when the method returns: an order before
 * anything is done about it, an event before it is sent. Killed between any two of them, the agent goes on from here.
 * What somebody on this machine asked for is never among what is told to the server.
 */
export class Journal implements Disposable {
  readonly #database: DatabaseSync
  readonly #rows: ActionRows
  readonly #scans: ScanEntries

  /**
   * @param database opened by `openJournalFile`
   * @param witness hears of what is asked and how it ends, each before it counts
   */
  constructor(database: DatabaseSync, clock: Clock, witness?: Witness) {
    this.#database = database
    this.#rows = new ActionRows(database, clock, witness)
    this.#scans = new ScanEntries(database, this.#rows)
  }

  /**
   * Writes a scan order down, with its event `accepted`. A known one changes nothing, except that an action that was
   * told to the end is told again.
   */
  acceptScan(order: ScanOrder, orderText: string): Acceptance {
    const { actionId, verb, scanType, requestor, comment, paths: subjects = [] } = order
    const asked = { requestor, comment, subjects }
    return this.#accept({ actionId, orderText, verb, scanType, origin: 'server', ...asked })
  }

  /** Writes a scan down that somebody on this machine asks for. */
  acceptLocalScan(scan: LocalScan): Acceptance {
    const { actionId, scanType, requestor, paths: subjects } = scan
    const orderText = JSON.stringify(scan)
    const asked = { requestor, comment: null, subjects }
    return this.#accept({ actionId, orderText, verb: 'scan', scanType, origin: 'local', ...asked })
  }

  /** As `acceptScan`, of an order that is no scan. */
  acceptTask(order: TaskOrder, orderText: string): Acceptance {
    const { actionId, verb, requestor, comment } = order
    const asked = { requestor, comment, subjects: subjectsOf(order) }
    return this.#accept({ actionId, orderText, verb, scanType: null, origin: 'server', ...asked })
  }

  /**
   * Writes a stop order down. Where nothing runs for the action, the proof is among its events at once; where a scan
   * runs, it is the caller's to end that and to say so with `end`.
   *
   * @param requestor whoever on this machine wants it; absent for the server
   */
  acceptStop(actionId: string, requestor: string | null = null): 'running' | 'answered' {
    return this.#write(() => this.#scans.acceptStop(actionId, requestor))
  }

  /** The scan whose turn it is; `undefined` while none waits. */
  nextWaiting(): WaitingScan | undefined {
    return this.waiting()[0]
  }

  /** All scans that wait, the oldest first. */
  waiting(): WaitingScan[] {
    return this.#scans.waiting()
  }

  /** The ids of the scans of this machine's own people that wait or run. */
  openLocalScans(): string[] {
    return openLocalScans(this.#database)
  }

  /** The task whose turn it is; `undefined` while none waits. */
  nextTask(): WaitingTask | undefined {
    return nextTask(this.#database)
  }

  /**
   * Counts an attempt before anything of it happens.
   *
   * @returns its number, from 1
   */
  beginAttempt(actionId: string): number {
    return this.#write(() => this.#rows.beginAttempt(actionId))
  }

  /** Puts a running action back to wait: this agent ends before the action does. */
  interrupt(actionId: string, proof: StopProof): void {
    this.#write(() => this.#rows.interrupt(actionId, proof))
  }

  /**
   * Closes what an agent that was killed left running: actions wait again, scans that were to stop have stopped.
   *
   * @param proof what shows that no engine of that agent works any more
   */
  recover(proof: StopProof): void {
    this.#write(() => {
      const running = this.#database.prepare("SELECT * FROM action WHERE state = 'running'").all()
      for (const action of running) this.#rows.recover(action, proof)
    })
  }

  /** Adds what happened to a running action. */
  append(actionId: string, event: AgentEvent): void {
    this.#write(() => {
      if (this.#rows.find(actionId) !== undefined) this.#rows.append(actionId, event)
    })
  }

  /**
   * Adds how an action ended. Where a stop order was waiting for the end and the action ended by itself, the proof
   * follows. An action that was forgotten meanwhile stays so.
   */
  end(actionId: string, event: AgentEvent): void {
    this.#write(() => {
      const action = this.#rows.find(actionId)
      if (action === undefined) return
      this.#rows.end(actionId, event)
      const isStopOwed = integerOrNullOf(action, 'stop_requested_at') !== null
      if (isStopOwed && originOf(action) === 'server') this.#rows.proveStopAfterEnding(actionId)
    })
  }

  /** What the heartbeat lists, the oldest first. */
  openActions(): OpenAction[] {
    const sql = "SELECT * FROM action WHERE origin = 'server' ORDER BY position LIMIT ?"
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
      this.#database.prepare(`UPDATE event SET acked = 1 WHERE ${condition}`).run(actionId, number)
      // The newest stays until the action goes: it says how an ended action ended.
      const sql = `DELETE FROM event WHERE action_id = ? AND acked = 1
         AND number < (SELECT last_event FROM action WHERE action_id = event.action_id)`
      this.#database.prepare(sql).run(actionId)
      return this.#rows.closeWhenTold(actionId)
    })
  }

  /** Drops an action that the server does not know; it will not run again either. A local one is none of its own. */
  forget(actionId: string): void {
    this.#write(() => {
      const action = this.#rows.find(actionId)
      if (action !== undefined && originOf(action) === 'server') this.#rows.forget(action)
    })
  }

  /** Closes the file; nothing may be asked of the journal after that. */
  [Symbol.dispose](): void {
    this.#database.close()
  }

  #accept(action: NewAction): Acceptance {
    return this.#write(() => {
      const { actionId, origin } = action
      if (this.#rows.find(actionId) !== undefined) return 'known'
      if (this.#rows.reopen(actionId)) return 'known'
      if (this.#rows.count(origin) >= MOST_OPEN[origin]) return 'full'
      this.#rows.insert(action)
      return 'accepted'
    })
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

function subjectsOf(order: TaskOrder): string[] {
  switch (order.verb) {
    case 'quarantine':
      return [order.path.text]
    case 'restore':
      return [order.quarantineId]
    case 'updateSignatures':
      return []
  }
}

function untoldEvent(row: Row): UntoldEvent {
  return {
    actionId: textOf(row, 'action_id'),
    number: integerOf(row, 'number'),
    event: readEvent(textOf(row, 'body')),
  }
}
