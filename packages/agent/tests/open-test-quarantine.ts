import { randomUUID } from 'node:crypto'
import { readMountTable } from '../src/os/mount-table.ts'
import { systemClock } from '../src/os/system-clock.ts'
import {
  type FileAttributes,
  loadFileAttributes,
  Quarantine,
  type QuarantineParts,
} from '../src/quarantine/index.ts'

/** A quarantine with room for everything, on a machine without packages. */
export async function openTestQuarantine(
  folder: string,
  over: Partial<QuarantineParts> = {},
): Promise<Quarantine> {
  return testQuarantine(folder, await requireFileAttributes(), over)
}

/** @throws Error where this system keeps no attributes that we can read */
export async function requireFileAttributes(): Promise<FileAttributes> {
  const attributes = await loadFileAttributes()
  if ('unavailable' in attributes) throw new Error(attributes.unavailable)
  return attributes
}

/** The same, for attributes that are loaded already. */
export function testQuarantine(
  folder: string,
  attributes: FileAttributes,
  over: Partial<QuarantineParts> = {},
): Quarantine {
  return new Quarantine({
    folder,
    ownFolders: [],
    attributes,
    readMounts: readMountTable,
    packageOwner: async () => undefined,
    clock: systemClock,
    newId: randomUUID,
    maxBytes: 1e9,
    keepDays: 90,
    ...over,
  })
}
