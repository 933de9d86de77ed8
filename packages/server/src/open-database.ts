import type { Clock } from '@fleetsweep/protocol'
import type { ServerConfig } from './config/index.ts'
import type { Database } from './kit/db/database.ts'
import { openPostgres } from './kit/db/postgres-database.ts'
import { openSqlite } from './kit/db/sqlite-database.ts'
import { InstantSource } from './kit/instant-source.ts'
import { migrations } from './migrations/index.ts'
import { writes } from './writes.ts'

/**
 * Opens the database of a server, migrated to this version.
 *
 * @param options.writerEntry the module that SQLite's writer thread starts from: a bundle names its one file
 */
export function openDatabase(
  { database }: Pick<ServerConfig, 'database'>,
  options: { clock: Clock; writerEntry?: URL | undefined; synchronous?: 'FULL' | 'OFF' | undefined },
): Promise<Database> {
  const instants = new InstantSource(options.clock)
  if (database.kind === 'postgres') {
    return openPostgres({ connectionString: database.connectionString, migrations, instants, writes })
  }
  const writerEntry = options.writerEntry ?? new URL('./sqlite-writer.ts', import.meta.url)
  const { synchronous } = options
  return openSqlite({ path: database.path, migrations, instants, writerEntry, synchronous })
}
