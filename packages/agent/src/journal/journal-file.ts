import { chmodSync, closeSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makePrivateFolder, setAside, syncFolder } from '../os/durable-file.ts'
import { JOURNAL_SCHEMA, JOURNAL_UPGRADES, JOURNAL_VERSION } from './journal-schema.ts'
import { integerOf, textOf } from './row.ts'

export type JournalFileOptions = {
  stateDir: string
  /** Server, tenant and machine: what happened for one is never told to another. */
  owner: string
  /** `FULL` puts every commit on disk before it returns. The others are for measuring what that costs. */
  synchronous?: 'FULL' | 'NORMAL' | 'OFF'
}

export function journalPath(stateDir: string): string {
  return join(stateDir, 'journal.db')
}

/**
 * Opens the journal of a state folder, or makes it. One that belongs to another identity is set aside.
 *
 * @returns the database, and where a foreign journal is now
 */
export function openJournalFile(options: JournalFileOptions): { database: DatabaseSync; setAside?: string } {
  makePrivateFolder(options.stateDir)
  const path = journalPath(options.stateDir)
  const database = openDatabase(path, options)
  const owner = database.prepare('SELECT owner FROM journal_owner').get()
  if (owner !== undefined && textOf(owner, 'owner') === options.owner) return { database }
  database.close()
  // Closing the last connection has folded the write-ahead log into the file, so this is all of it.
  const foreign = setAside(path)
  return { database: openDatabase(path, options), setAside: foreign }
}

function openDatabase(path: string, { owner, synchronous = 'FULL' }: JournalFileOptions): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  const database = new DatabaseSync(path, { timeout: 5_000 })
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
  const version = integerOf(database.prepare('PRAGMA user_version').get() ?? {}, 'user_version')
  if (version === 0) {
    database.exec(`BEGIN IMMEDIATE; ${JOURNAL_SCHEMA}; PRAGMA user_version = ${JOURNAL_VERSION}`)
    database.prepare('INSERT INTO journal_owner (owner) VALUES (?)').run(owner)
    database.exec('COMMIT')
    syncFolder(dirname(path))
  } else upgrade(database, path, version)
  return database
}

function upgrade(database: DatabaseSync, path: string, from: number): void {
  for (let version = from; version !== JOURNAL_VERSION; version++) {
    const steps = JOURNAL_UPGRADES[version]
    if (steps === undefined) {
      database.close()
      throw new Error(
        `${path} has version ${version}; this agent knows ${JOURNAL_VERSION}. Use the agent that wrote it.`,
      )
    }
    database.exec(`BEGIN IMMEDIATE; ${steps} PRAGMA user_version = ${version + 1}; COMMIT`)
  }
}
