import { createHash, createHmac } from 'node:crypto'
import type { ApplicationId, Clock, Instant, TenantId, UserId } from '@fleetsweep/protocol'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { type SealingKey, seal, unseal } from '../../signing-key/index.ts'
import {
  ARTIFACT_KINDS,
  type ArtifactKind,
  type ArtifactStore,
  type StoredArtifact,
} from '../artifact-store.ts'
import type { SignIns } from '../sign-ins.ts'
import { errors, Provider } from './oidc-provider.ts'

/**
 * Times in a payload by the clock of the process, which the provider reads, in seconds since the epoch. When somebody
 * signed in (`loginTs`, `authTime`) it hears from us, by the clock of the server.
 */
const TIMES = ['iat', 'exp'] as const

type Dependencies = {
  artifacts: ArtifactStore
  signIns: SignIns
  tenant: TenantId
  /** Codes are good where they were issued alone; everything else follows the tenant. */
  origin: string
  /** Of the purpose of these artifacts alone. */
  key: SealingKey
  clock: Clock
}

/** The id of a sign-in, `sid` in its tokens: what its grant is found by. */
export function signInOf(grantId: string): string {
  return hashOf('Grant', '', grantId)
}

/** What a browser session is found by from its grants. */
export function sessionHashOf(uid: string): string {
  return hashOf('SessionUid', '', uid)
}

/**
 * Keeps the artifacts of `oidc-provider` in our store: found by a hash, sealed, used up once, by the clock of the
 * server.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/example/my_adapter.js
 */
export function artifactAdapter(kind: ArtifactKind, dependencies: Dependencies): Adapter {
  const { artifacts, signIns, tenant, key, clock } = dependencies
  const origin = kind === 'AuthorizationCode' ? dependencies.origin : ''
  const idHashOf = (id: string) => hashOf(kind, origin, id)
  const userCodeHashOf = (code: string) => createHmac('sha256', key).update(code).digest('base64url')

  const open = (stored: StoredArtifact): AdapterPayload => {
    const bytes = unseal(key, stored.sealed, ownerOf(tenant, stored))
    // Sealed by us, for this very row: it is what the provider once gave.
    const payload = JSON.parse(bytes.toString('utf8')) as AdapterPayload
    const consumed = stored.consumedAt === null ? {} : { consumed: seconds(stored.consumedAt) }
    return { ...inTimeOf(payload, -shiftSeconds(clock)), ...consumed }
  }
  const openLive = async (stored: StoredArtifact | undefined): Promise<AdapterPayload | undefined> => {
    if (!stored) return undefined
    const payload = open(stored)
    const signedInAt = payload.loginTs ?? payload.authTime
    // What a request under way wrote after somebody was signed out everywhere does not count, nor who was disabled.
    const isOver =
      stored.user !== null &&
      signedInAt !== undefined &&
      !(await signIns.mayGoOn(tenant, stored.user, signedInAt))
    return isOver ? undefined : payload
  }

  return {
    async upsert(id, payload, expiresInSeconds) {
      const idHash = idHashOf(id)
      const user = (payload.accountId ?? null) as UserId | null
      const application = (payload.clientId ?? null) as ApplicationId | null
      const text = JSON.stringify(inTimeOf(payload, shiftSeconds(clock)))
      await artifacts.keep(
        {
          kind,
          idHash,
          sealed: seal(key, Buffer.from(text), ownerOf(tenant, { kind, idHash })),
          signIn: payload.grantId === undefined ? null : signInOf(payload.grantId),
          sessionHash: sessionHash(kind, payload),
          userCodeHash: payload.userCode === undefined ? null : userCodeHashOf(payload.userCode),
          user,
          application,
          lifeMs: lifeSeconds(expiresInSeconds) * 1_000,
        },
        kind === 'Grant' && user && application
          ? await signIns.beginAudit(tenant, { signIn: idHash, user, application })
          : undefined,
      )
    },
    find: async (id) => openLive(await artifacts.find(kind, idHashOf(id))),
    findByUserCode: async (code) => openLive(await artifacts.findByUserCode(userCodeHashOf(code))),
    findByUid: async (uid) => openLive(await artifacts.findSession(sessionHashOf(uid))),
    async consume(id) {
      if ((await artifacts.consume(kind, idHashOf(id))) === 'consumed') return
      throw new errors.InvalidGrant('it was used at this very moment')
    },
    async destroy(id) {
      // A grant that is revoked takes all with it, so that no token of a stolen one is left.
      if (kind === 'Grant') await signIns.end(tenant, { by: 'signIn', signIn: signInOf(id) }, 'reuse')
      else await artifacts.remove(kind, idHashOf(id))
    },
    async revokeByGrantId() {
      // Ending the grant, which the provider does in the same breath, does it.
    },
  }
}

/** Keeps nothing: access tokens are signed, and who they stand for is looked up by their sign-in. */
const NOTHING: Adapter = {
  upsert: async () => {},
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
}

/** The adapter for one of the provider's models. */
export function adapterOf(model: string, dependencies: Dependencies): Adapter {
  const kind = ARTIFACT_KINDS.find((known) => known === model)
  return kind ? artifactAdapter(kind, dependencies) : NOTHING
}

function hashOf(kind: string, origin: string, id: string): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, origin, id]))
    .digest('base64url')
}

function ownerOf(tenant: TenantId, { kind, idHash }: { kind: ArtifactKind; idHash: string }): string {
  return `${kind} ${idHash} of tenant ${tenant}`
}

/** A grant that a browser session was given ends with it; one that a device was given stands by itself. */
function sessionHash(kind: ArtifactKind, payload: AdapterPayload): string | null {
  if (kind === 'Session') return payload.uid === undefined ? null : sessionHashOf(payload.uid)
  if (kind !== 'Grant') return null
  const { oidc } = Provider.ctx ?? {}
  const isOfBrowser = oidc?.route === 'authorization' || oidc?.route === 'resume'
  return isOfBrowser && oidc.session ? sessionHashOf(oidc.session.uid) : null
}

/** How far the server's clock is ahead of the one that the provider reads. */
function shiftSeconds(clock: Clock): number {
  return seconds(clock.now()) - Math.floor(Date.now() / 1_000)
}

function seconds(at: Instant): number {
  return Math.floor(at / 1_000_000)
}

function inTimeOf(payload: AdapterPayload, shift: number): AdapterPayload {
  const shifted = { ...payload }
  for (const name of TIMES) {
    const value = shifted[name]
    if (typeof value === 'number') shifted[name] = value + shift
  }
  return shifted
}

function lifeSeconds(given: number | undefined): number {
  if (given === undefined) throw new Error('The provider keeps something without an end.')
  return given
}
