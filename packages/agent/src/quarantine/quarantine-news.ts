import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type KeptFile, MAX_KEPT_FILES, renderFilePath } from '@fleetsweep/protocol'
import type { QuarantineDesk } from './quarantine.ts'
import { pathOf, type QuarantineRecord } from './quarantine-record.ts'

/** Well below what a frame may hold; a path can take a third of it. */
const MAX_TEXT = 128 * 1_024

/**
 * What the server cannot know of the quarantine from scans and tasks: files that people at the machine had taken, and
 * files that were given back, the newest first. The same list as before as long as nothing in the folder has changed.
 */
export function quarantineNews(stateDir: string, desk: QuarantineDesk): () => readonly KeptFile[] {
  if ('unavailable' in desk) return () => []
  const folder = join(stateDir, 'quarantine')
  let seen: bigint | undefined
  let news: readonly KeptFile[] = []
  return () => {
    // Every record is written beside its place and renamed, so the folder itself says that one is new.
    const changed = statSync(folder, { bigint: true }).mtimeNs
    if (changed !== seen) news = newest(desk.list())
    seen = changed
    return news
  }
}

function newest(records: readonly QuarantineRecord[]): KeptFile[] {
  const told: KeptFile[] = []
  let room = MAX_TEXT
  for (const record of records.toReversed()) {
    const file = keptFile(record)
    if (file === undefined) continue
    room -= JSON.stringify(file).length
    if (room < 0 || told.length === MAX_KEPT_FILES) break
    told.push(file)
  }
  return told
}

function keptFile(record: QuarantineRecord): KeptFile | undefined {
  const { id, stage, actionId, threatName, sha256, sizeBytes } = record
  const byHand = actionId === null
  const isTold = stage === 'restored' || (byHand && stage === 'quarantined')
  if (!isTold) return undefined
  const path = renderFilePath(pathOf(record))
  return { quarantineId: id, state: stage, byHand, path, threatName, sha256, sizeBytes }
}
