import { randomUUID } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@fleetsweep/protocol'
import { readMountTable } from '../os/mount-table.ts'
import { loadFileAttributes } from './file-attributes.ts'
import { packageOwner } from './package-owner.ts'
import { Quarantine } from './quarantine.ts'

const GIB = 1024 ** 3
/** What all copies together may take. */
const MAX_BYTES = 2 * GIB
/** After so long a copy is deleted for good. */
const KEEP_DAYS = 90

/**
 * Opens the quarantine of a state folder, which the caller has locked, and brings to rest what a crash cut short in it.
 *
 * @returns why there is none on this machine, as a sentence, where that is so
 * @throws Error when what is kept cannot be read
 */
export async function openQuarantine(
  stateDir: string,
  clock: Clock,
): Promise<Quarantine | { unavailable: string }> {
  const attributes = await loadFileAttributes()
  if ('unavailable' in attributes)
    return { unavailable: `There is no quarantine on this machine: ${attributes.unavailable}.` }
  const quarantine = new Quarantine({
    folder: join(stateDir, 'quarantine'),
    ownFolders: [realpathSync(stateDir)],
    attributes,
    readMounts: readMountTable,
    packageOwner,
    clock,
    newId: randomUUID,
    maxBytes: MAX_BYTES,
    keepDays: KEEP_DAYS,
  })
  quarantine.recover()
  return quarantine
}
