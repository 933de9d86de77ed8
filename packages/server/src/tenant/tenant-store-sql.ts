import type { Instant, TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { NO_TENANT, type StoredTenant, type TenantStore } from './tenant-store.ts'

type TenantRow = {
  tenant: string
  domain: string
  display_name: string
  created_at: number
  security_epoch: number
}
type TenantTables = { tenant: TenantRow; server_setting: { name: string; value: string } }

type CreateTenant = { kind: 'tenant.create'; tenant: TenantId; domain: string; displayName: string }

export const createTenantWrite = defineWrite<CreateTenant, 'created' | 'exists'>(
  'tenant.create',
  function* ({ tenant, domain, displayName }, context) {
    const rows = yield* run(
      tables<TenantTables>(context.dialect)
        .insertInto('tenant')
        .values({
          tenant,
          domain: domain.toLowerCase(),
          display_name: displayName,
          created_at: context.at,
          security_epoch: 0,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('tenant'),
    )
    return rows.length === 1 ? 'created' : 'exists'
  },
)

const SERVER_ID = 'serverId'

type SetServerId = { kind: 'tenant.setServerId'; tenant: TenantId; serverId: string }

export const setServerIdWrite = defineWrite<SetServerId, string>(
  'tenant.setServerId',
  function* ({ serverId }, context) {
    const settings = tables<TenantTables>(context.dialect)
    yield* run(
      settings
        .insertInto('server_setting')
        .values({ name: SERVER_ID, value: serverId })
        .onConflict((conflict) => conflict.doNothing()),
    )
    const [row] = yield* run(
      settings.selectFrom('server_setting').select('value').where('name', '=', SERVER_ID),
    )
    return row?.value ?? serverId
  },
)

const selectEpoch = prepare((db: Kysely<TenantTables>, { tenant }: { tenant: string }) =>
  db.selectFrom('tenant').select('security_epoch').where('tenant', '=', tenant),
)

/** Tenants and the server's own identity, on either database. */
export function sqlTenantStore(db: Database): TenantStore {
  const all = () => tables<TenantTables>(db.dialect).selectFrom('tenant').selectAll()
  return {
    create: ({ id, domain, displayName }) => db.write(createTenantWrite, { tenant: id, domain, displayName }),
    async find(idOrDomain) {
      const name = idOrDomain.toLowerCase()
      const [row] = await db.read<TenantRow>(
        all().where((eb) => eb.or([eb('tenant', '=', name), eb('domain', '=', name)])),
      )
      return row && toTenant(row)
    },
    list: async () => (await db.read<TenantRow>(all().orderBy('created_at'))).map(toTenant),
    async securityEpoch(tenant) {
      const [row] = await db.read(selectEpoch(db.dialect, { tenant }))
      return row?.security_epoch ?? 0
    },
    async serverId(newId) {
      const [row] = await db.read(
        tables<TenantTables>(db.dialect)
          .selectFrom('server_setting')
          .select('value')
          .where('name', '=', SERVER_ID),
      )
      return row?.value ?? db.write(setServerIdWrite, { tenant: NO_TENANT, serverId: newId })
    },
  }
}

function toTenant(row: TenantRow): StoredTenant {
  return {
    id: row.tenant as TenantId,
    domain: row.domain,
    displayName: row.display_name,
    createdAt: row.created_at as Instant,
  }
}
