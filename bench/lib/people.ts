import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { addMs, CLI_CLIENT_ID, type TenantId, type UserId } from '../../packages/protocol/src/index.ts'
import { loadConfig, loadSealingKey } from '../../packages/server/src/config/index.ts'
import { systemClock } from '../../packages/server/src/kit/clock.ts'
import { signAccessToken } from '../../packages/server/src/oauth/access-token.ts'
import { openDatabase } from '../../packages/server/src/open-database.ts'
import { readSealingKey, sealedSigningKeys } from '../../packages/server/src/signing-key/index.ts'
import { sqlStores } from '../../packages/server/src/stores.ts'
import type { PreparedServer } from '../../packages/testkit/src/server-process.ts'

const DAY_MS = 86_400_000

/** Somebody who has signed in. */
export type Person = { user: UserId; session: string }

/**
 * People who may see what is in one device group, which holds every machine; there is another that they may not. Before
 * the server starts, which would have to hash a password for each.
 */
export function addPeople({ dataDir, tenant: { id: tenant } }: PreparedServer, count: number): Person[] {
  const db = new DatabaseSync(join(dataDir, 'fleetsweep.db'))
  const insert = (table: string, row: Record<string, SQLInputValue>) => {
    const columns = Object.keys(row)
    db.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ).run(...Object.values(row))
  }
  const named = (name: string) => {
    return { tenant, display_name: name, display_name_lower: name, description: '', created_at: 0 }
  }
  const [group, others, role] = [randomUUID(), randomUUID(), randomUUID()]
  db.exec('BEGIN')
  for (const [id, name] of [
    [group, 'analysts'],
    [others, 'others'],
  ] as const) {
    insert('user_group', { ...named(name), id, external_id: null })
  }
  insert('access_role', { ...named('readers'), id: role, is_administrator: 0 })
  insert('role_permission', { tenant, role, permission: 'ViewData' })
  insert('role_assignment', { tenant, role, user_group: group })
  for (const [id, name, user_group] of [
    [1, 'servers', group],
    [2, 'vaults', others],
  ] as const) {
    insert('device_group', { ...named(name), id, group_rank: id, rules: '[]', remediation_level: 'full' })
    insert('device_group_access', { tenant, device_group: id, user_group })
  }
  db.exec('UPDATE machine SET device_group = 1')
  const people = Array.from({ length: count }, () => {
    return { user: randomUUID() as UserId, session: randomUUID() }
  })
  for (const { user, session } of people) {
    insert('user_account', {
      tenant,
      id: user,
      user_principal_name: user,
      user_principal_name_lower: user,
      display_name: user,
      created_at: 0,
      disabled_at: null,
    })
    insert('user_group_member', { tenant, user_group: group, member: user })
    insert('sign_in_artifact', {
      tenant,
      kind: 'Grant',
      id_hash: session,
      sealed: '',
      user_account: user,
      application: CLI_CLIENT_ID,
      created_at: systemClock.now(),
      expires_at: addMs(systemClock.now(), DAY_MS),
    })
  }
  db.exec('COMMIT')
  db.close()
  return people
}

/** A token for each, as if they had signed in at the command line. */
export async function tokensOf(
  people: readonly Person[],
  { dataDir, tenant }: PreparedServer,
  origin: string,
): Promise<string[]> {
  const config = loadConfig({}, { dataDir })
  await using db = await openDatabase(config, { clock: systemClock })
  const stores = sqlStores(db, randomUUID)
  const keys = await sealedSigningKeys({
    storeOf: (id) => stores.forTenant(id).signingKeys,
    sealingKey: readSealingKey(loadSealingKey(dataDir, {})),
    clock: systemClock,
    newId: randomUUID,
  }).tokenKeys(tenant.id as TenantId)
  return Promise.all(
    people.map(({ user, session }) =>
      signAccessToken(keys, {
        version: 'v2',
        origin,
        tenant: tenant.id as TenantId,
        subject: {
          kind: 'user',
          user,
          application: CLI_CLIENT_ID,
          scopes: ['Machine.Read'],
          session,
        },
        displayName: user,
        userPrincipalName: user,
        proof: 'none',
        audience: origin,
        issuedAtSeconds: Math.floor(systemClock.now() / 1_000_000),
        uti: randomUUID(),
      }),
    ),
  )
}
