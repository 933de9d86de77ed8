import type { TenantId } from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { machineWithinReach } from '../machine/index.ts'
import type { Reach } from '../principal/index.ts'
import { type QuarantinedFileRow, type QuarantineTables, toQuarantinedFile } from './quarantine-row.ts'
import type { QuarantineStore } from './quarantine-store.ts'
import { takeWordWrite } from './take-word.ts'

type WithMachines = QuarantineTables & { machine: { tenant: string; id: string; computer_dns_name: string } }
type NamedRow = QuarantinedFileRow & { computer_dns_name: string | null }

/** Quarantined files of one tenant, on either database. */
export function sqlQuarantineStore(db: Database, tenant: TenantId): QuarantineStore {
  const select = (reach: Reach) => {
    const within = machineWithinReach(reach, 'quarantined_file', 'machine')
    const query = tables<WithMachines>(db.dialect)
      .selectFrom('quarantined_file')
      .leftJoin('machine', (join) =>
        join
          .onRef('machine.tenant', '=', 'quarantined_file.tenant')
          .onRef('machine.id', '=', 'quarantined_file.machine'),
      )
      .selectAll('quarantined_file')
      .select('machine.computer_dns_name')
      .where('quarantined_file.tenant', '=', tenant)
    return within ? query.where(within) : query
  }
  return {
    takeWord: (machine, files) => db.write(takeWordWrite, { tenant, machine, files }),
    async list({ machineId, state, after, limit }, reach) {
      let query = select(reach)
        .orderBy('quarantined_at', 'desc')
        .orderBy('quarantined_file.id', 'desc')
        .limit(limit)
      if (machineId !== undefined) query = query.where('machine', '=', machineId)
      if (state !== undefined) query = query.where('state', '=', state)
      if (after !== undefined) {
        query = query.where((eb) =>
          eb.or([
            eb('quarantined_at', '<', after.quarantinedAt),
            eb.and([
              eb('quarantined_at', '=', after.quarantinedAt),
              eb('quarantined_file.id', '<', after.id),
            ]),
          ]),
        )
      }
      return (await db.read<NamedRow>(query)).map(toQuarantinedFile)
    },
    async findWithin(id, reach) {
      const [row] = await db.read<NamedRow>(select(reach).where('quarantined_file.id', '=', id))
      return row && toQuarantinedFile(row)
    },
  }
}
