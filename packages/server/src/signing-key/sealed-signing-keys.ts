import {
  addMs,
  type Clock,
  type OrderKey,
  type SigningContext,
  signingInput,
  type TenantId,
} from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { AuditPrincipal } from '../audit/index.ts'
import { newEd25519KeyPair, newTokenKeyPair, openEd25519Key, openTokenKey } from './key-pair.ts'
import { type SealingKey, seal, unseal } from './sealing.ts'
import type { SigningKeyPurpose, SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'
import {
  type AuditKeys,
  NoSigningKeyError,
  type OrderKeys,
  type SigningKeys,
  type TokenKeys,
} from './signing-keys.ts'

/** How long opened keys are used before the database is asked for newer ones. */
const FRESH_MS = 10_000
const ANEW_AT_MOST_EVERY_MS = 1_000
/** Tokens live an hour; a key that was taken over is published somewhat longer than the last one it signed. */
const PUBLISHED_AFTER_TAKEOVER_MS = 3 * 3_600_000
/** Another node may add the key of the same sequence first; the next attempt then takes over from that one. */
const ADD_ATTEMPTS = 5

/** What the key before signs of a new one, by purpose. */
const ANNOUNCEMENT: Readonly<Record<Exclude<SigningKeyPurpose, 'token'>, SigningContext>> = {
  order: 'fleetsweep.agent.v1/order-key',
  audit: 'fleetsweep.audit.v1/key',
}

const PublicJwk = Compile(
  Type.Object({
    kty: Type.Literal('RSA'),
    use: Type.Literal('sig'),
    alg: Type.Literal('RS256'),
    kid: Type.String(),
    n: Type.String(),
    e: Type.String(),
  }),
)

type Dependencies = {
  storeOf: (tenant: TenantId) => SigningKeyStore
  sealingKey: SealingKey
  clock: Clock
  newId: () => string
}

/** Signing keys that lie sealed in the database. */
export function sealedSigningKeys({ storeOf, sealingKey, clock, newId }: Dependencies): SigningKeys {
  const open = (tenant: TenantId, key: StoredSigningKey): Buffer =>
    unseal(sealingKey, key.sealedPrivateKey, ownerOf(tenant, key))

  const tokenKeys = remembered(clock, async (tenant): Promise<TokenKeys> => {
    const keys = await storeOf(tenant).list('token')
    const current = newest(keys, tenant, 'token')
    return {
      current: { id: current.id, privateKey: await openTokenKey(open(tenant, current)) },
      public: published(keys, clock).map(({ publicKey }) => PublicJwk.Parse(JSON.parse(publicKey))),
    }
  })

  const orderKeys = remembered(clock, async (tenant): Promise<OrderKeys> => {
    const keys = await storeOf(tenant).list('order')
    const current = newest(keys, tenant, 'order')
    return {
      current: { keyId: current.id, sign: openEd25519Key(open(tenant, current)).sign },
      chain: keys.map(toOrderKey),
    }
  })

  // Not remembered: a head may be signed by a key that another node added a moment ago.
  const auditKeys = async (tenant: TenantId): Promise<AuditKeys | undefined> => {
    const keys = await storeOf(tenant).list('audit')
    const opened = new Map(keys.map((key) => [key.id, openEd25519Key(open(tenant, key))]))
    const [keyId, current] = [...opened].at(-1) ?? []
    if (keyId === undefined || current === undefined) return undefined
    return {
      current: { keyId, sign: current.sign },
      isSignedBy: (id, input, signature) => opened.get(id)?.verify(input, signature) ?? false,
    }
  }

  const addKey = async (
    tenant: TenantId,
    purpose: SigningKeyPurpose,
    by: AuditPrincipal,
  ): Promise<string> => {
    for (let attempt = 1; attempt <= ADD_ATTEMPTS; attempt += 1) {
      const before = (await storeOf(tenant).list(purpose)).at(-1)
      const id = newId()
      const sequence = (before?.sequence ?? 0) + 1
      const pair = await (purpose === 'token' ? newTokenKeyPair(id) : newEd25519KeyPair())
      const announcement =
        purpose !== 'token' && before
          ? openEd25519Key(open(tenant, before)).sign(
              signingInput(ANNOUNCEMENT[purpose], [tenant, id, pair.publicKey]),
            )
          : null
      const key = {
        id,
        purpose,
        sequence,
        publicKey: pair.publicKey,
        sealedPrivateKey: seal(sealingKey, pair.privateKey, ownerOf(tenant, { id, purpose })),
        announcement,
      }
      const audit = {
        id: newId(),
        principal: by,
        operation: 'signingKey.add',
        target: id,
        detail: { purpose, sequence },
      }
      if ((await storeOf(tenant).add(key, audit)) === 'added') {
        if (purpose === 'token') tokenKeys.forget(tenant)
        if (purpose === 'order') orderKeys.forget(tenant)
        return id
      }
    }
    throw new Error(`Others add ${purpose} keys of tenant ${tenant} all the time.`)
  }

  return {
    tokenKeys: (tenant) => tokenKeys.get(tenant, FRESH_MS),
    tokenKeysAnew: (tenant) => tokenKeys.get(tenant, ANEW_AT_MOST_EVERY_MS),
    orderKeys: (tenant) => orderKeys.get(tenant, FRESH_MS),
    auditKeys,
    addKey,
  }
}

function ownerOf(tenant: TenantId, { id, purpose }: { id: string; purpose: SigningKeyPurpose }): string {
  return `${purpose} key ${id} of tenant ${tenant}`
}

function newest(
  keys: readonly StoredSigningKey[],
  tenant: TenantId,
  purpose: SigningKeyPurpose,
): StoredSigningKey {
  const key = keys.at(-1)
  if (!key) throw new NoSigningKeyError(`Tenant ${tenant} has no ${purpose} key. Set-up adds the first.`)
  return key
}

function published(keys: readonly StoredSigningKey[], clock: Clock): StoredSigningKey[] {
  const now = clock.now()
  return keys
    .filter((_, index) => {
      const successor = keys[index + 1]
      return successor === undefined || addMs(successor.createdAt, PUBLISHED_AFTER_TAKEOVER_MS) > now
    })
    .reverse()
}

function toOrderKey({ id, publicKey, announcement }: StoredSigningKey): OrderKey {
  return { keyId: id, publicKey, signature: announcement }
}

/** Keeps what was read of each tenant for as long as the asker allows. Tenants are few and their keys small. */
function remembered<Value>(clock: Clock, read: (tenant: TenantId) => Promise<Value>) {
  const known = new Map<TenantId, { value: Promise<Value>; readAtMs: number }>()
  return {
    get(tenant: TenantId, maxAgeMs: number): Promise<Value> {
      const nowMs = clock.monotonicMs()
      const entry = known.get(tenant)
      if (entry && nowMs - entry.readAtMs < maxAgeMs) return entry.value
      const value = read(tenant)
      known.set(tenant, { value, readAtMs: nowMs })
      // A failure is not remembered, nor is a tenant that does not exist.
      value.catch(() => {
        if (known.get(tenant)?.value === value) known.delete(tenant)
      })
      return value
    },
    forget(tenant: TenantId): void {
      known.delete(tenant)
    },
  }
}
