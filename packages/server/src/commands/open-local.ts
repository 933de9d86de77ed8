import { randomBytes } from 'node:crypto'
import { loadConfig, loadSealingKey, type ServerConfig } from '../config/index.ts'
import { systemClock } from '../kit/clock.ts'
import { newGuid } from '../kit/new-id.ts'
import { openDatabase } from '../open-database.ts'
import { readSealingKey, type SigningKeys, sealedSigningKeys } from '../signing-key/index.ts'
import { type Stores, sqlStores } from '../stores.ts'
import type { StoredTenant } from '../tenant/index.ts'
import { type ServerCommandCall, UsageError } from './server-command.ts'

/** What a local command works with: the stores of the data directory, whether the server runs or not. */
export type LocalServer = {
  stores: Stores
  tenant: StoredTenant
  config: ServerConfig
  signingKeys: SigningKeys
  newId: () => string
  randomBytes: (size: number) => Uint8Array
}

/** Opens the data directory for one command, and closes it after. */
export async function withLocalServer(
  call: ServerCommandCall,
  work: (local: LocalServer) => Promise<number>,
): Promise<number> {
  const config = loadConfig(call.io.env, { dataDir: call.text('data') })
  const sealingKey = readSealingKey(loadSealingKey(config.dataDir, call.io.env))
  await using db = await openDatabase(config, { clock: systemClock, writerEntry: call.io.writerEntry })
  const stores = sqlStores(db, newGuid)
  const tenant = await chooseTenant(stores, call.text('tenant'))
  const signingKeys = sealedSigningKeys({
    storeOf: (id) => stores.forTenant(id).signingKeys,
    sealingKey,
    clock: systemClock,
    newId: newGuid,
  })
  return await work({ stores, tenant, config, signingKeys, newId: newGuid, randomBytes })
}

async function chooseTenant(stores: Stores, named: string | undefined): Promise<StoredTenant> {
  if (named !== undefined) {
    const tenant = await stores.tenants.find(named)
    if (tenant) return tenant
    throw new UsageError(`There is no tenant "${named}".`)
  }
  const [only, ...others] = await stores.tenants.list()
  if (!only) throw new UsageError('There is no tenant yet. Set this server up first: fleetsweep init')
  if (others.length === 0) return only
  const domains = [only, ...others].map(({ domain }) => domain).join(', ')
  throw new UsageError(`There is more than one tenant (${domains}). Say which: --tenant <id or domain>`)
}
