import type { DatabaseSync } from 'node:sqlite'
import { type Instant, instantFromMs, MICROSECONDS_PER_MS } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import type { Origin } from './local-scan.ts'
import { integerOf, type Row, textOf } from './row.ts'
import { originOf } from './stored-text.ts'
import { ENDINGS, type Ending } from './summary.ts'

/** A scan that ended on this machine. */
export type RecentScan = {
  actionId: string
  scanType: string
  attempts: number
  /** By the machine's own clock. */
  endedAt: Instant
  ending: Ending
  sentence: string
  origin: Origin
  /** True when the server has acknowledged all of it; a local scan it is never told of. */
  told: boolean
}

const ending = new LazySchema(Type.Enum(ENDINGS))

/** The scans that ended last, the newest first. */
export function recentScans(database: DatabaseSync, limit: number): RecentScan[] {
  const columns = 'action_id, origin, scan_type, attempts, ended_at, ending, sentence'
  const sql = `
    SELECT ${columns}, 0 AS told FROM action WHERE state = 'ended' AND scan_type IS NOT NULL
    UNION ALL
    SELECT ${columns}, 1 AS told FROM ended_action WHERE scan_type IS NOT NULL AND ended_at IS NOT NULL
    ORDER BY ended_at DESC LIMIT ?`
  return database.prepare(sql).all(limit).map(recentScan)
}

function recentScan(row: Row): RecentScan {
  const word = textOf(row, 'ending')
  if (!ending.Check(word)) throw new Error('The journal is damaged: an ending cannot be read.')
  return {
    actionId: textOf(row, 'action_id'),
    scanType: textOf(row, 'scan_type'),
    attempts: integerOf(row, 'attempts'),
    endedAt: instantFromMs(integerOf(row, 'ended_at') / MICROSECONDS_PER_MS),
    ending: word,
    sentence: textOf(row, 'sentence'),
    origin: originOf(row),
    told: originOf(row) === 'server' && integerOf(row, 'told') === 1,
  }
}
