import type { DatabaseSync } from 'node:sqlite'
import { DEFAULT_SCAN_SETTINGS, type ScanSettings, type ScanType } from '@fleetsweep/protocol'
import { type ActionRows, stopped } from './action-rows.ts'
import { isLocalActionId } from './local-scan.ts'
import { integerOf, type Row, textOf } from './row.ts'
import { originOf, readLocalScan, readProof, readScanOrder, readScanType } from './stored-text.ts'

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

/** What of the journal is about scans alone. Runs within the transactions of its caller. */
export class ScanEntries {
  readonly #database: DatabaseSync
  readonly #rows: ActionRows

  constructor(database: DatabaseSync, rows: ActionRows) {
    this.#database = database
    this.#rows = rows
  }

  acceptStop(actionId: string, requestor: string | null): 'running' | 'answered' {
    const rows = this.#rows
    if (rows.find(actionId) === undefined) {
      if (isLocalActionId(actionId)) return 'answered'
      if (!rows.reopen(actionId)) rows.insertStopped(actionId)
    }
    const action = rows.get(actionId)
    if (textOf(action, 'state') === 'running') {
      rows.requestStop(action, requestor)
      return 'running'
    }
    if (textOf(action, 'state') === 'ended') rows.proveStopAfterEnding(actionId)
    else {
      rows.witnessStop(actionId, requestor)
      rows.end(actionId, stopped(readProof(action) ?? 'neverStarted', 0))
    }
    return 'answered'
  }

  waiting(): WaitingScan[] {
    const sql = "SELECT * FROM action WHERE state = 'waiting' AND verb = 'scan' ORDER BY position"
    return this.#database.prepare(sql).all().map(waitingScan)
  }
}

/** The ids of the scans of this machine's own people that wait or run. */
export function openLocalScans(database: DatabaseSync): string[] {
  const sql = "SELECT action_id FROM action WHERE origin = 'local' ORDER BY position"
  return database
    .prepare(sql)
    .all()
    .map((row) => textOf(row, 'action_id'))
}

function waitingScan(row: Row): WaitingScan {
  const text = textOf(row, 'order_text')
  const asked = originOf(row) === 'local' ? readLocalScan(text) : readScanOrder(text)
  return {
    actionId: textOf(row, 'action_id'),
    scanType: readScanType(textOf(row, 'scan_type')),
    paths: asked.paths ?? [],
    settings: asked.settings ?? DEFAULT_SCAN_SETTINGS,
    attempts: integerOf(row, 'attempts'),
    crashes: integerOf(row, 'crashes'),
  }
}
