import { createHash } from 'node:crypto'
import { type Clock, formatInstant, type PasswordLink, type TenantId } from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import type { Bus } from '../kit/bus.ts'
import { TurnstileFull } from '../kit/turnstile.ts'
import type { StoredUser, UserStore } from '../user/index.ts'
import type { CredentialStore } from './credential-store.ts'
import { passwordProblem } from './password-rule.ts'

const SECRET_BYTES = 32
const LINK_LIFE_MS = 72 * 3_600_000
const BUSY_SECONDS = 5

/** What became of somebody's choice. */
export type PasswordChoice =
  | { kind: 'set' }
  /** Unknown, used or expired: which of them is nobody's business. */
  | { kind: 'gone' }
  | { kind: 'refused'; user: StoredUser; why: string }
  | { kind: 'busy'; user: StoredUser; seconds: number }

type Dependencies = {
  usersOf: (tenant: TenantId) => Pick<UserStore, 'find'>
  credentialsOf: (tenant: TenantId) => CredentialStore
  passwords: {
    hash(password: string): Promise<string>
    /** Forgets how often it failed for somebody. */
    forgive(tenant: TenantId, who: { name: string; address: string }): Promise<void>
  }
  bus: Bus
  clock: Clock
  newId: () => string
  randomBytes: (size: number) => Uint8Array
}

/** Links on which people choose a password, each good once and for three days. */
export class PasswordLinks {
  readonly #parts: Dependencies

  constructor(parts: Dependencies) {
    this.#parts = parts
  }

  /** As `newPasswordLink`. */
  create(
    at: { tenant: TenantId; origin: string },
    by: AuditPrincipal,
    user: LinkOwner,
  ): Promise<PasswordLink> {
    return newPasswordLink(
      { ...this.#parts, credentials: this.#parts.credentialsOf(at.tenant) },
      at,
      by,
      user,
    )
  }

  /** Who may choose a password with a link. */
  async find(tenant: TenantId, secret: string): Promise<StoredUser | undefined> {
    const { usersOf, credentialsOf, clock } = this.#parts
    const id = await credentialsOf(tenant).findLink(hashOf(secret), clock.now())
    const user = id && (await usersOf(tenant).find(id))
    return user && user.disabledAt === null ? user : undefined
  }

  /** Sets the password, uses the link up, and ends all sign-ins of the person. */
  async use(
    tenant: TenantId,
    given: { secret: string; password: string; again: string; address: string },
  ): Promise<PasswordChoice> {
    const { credentialsOf, passwords, bus, newId } = this.#parts
    const user = await this.find(tenant, given.secret)
    if (!user) return { kind: 'gone' }
    const { id, userPrincipalName } = user
    const why =
      passwordProblem(given.password, userPrincipalName) ??
      (given.password === given.again ? undefined : 'The two passwords are not the same.')
    if (why !== undefined) return { kind: 'refused', user, why }
    let passwordHash: string
    try {
      passwordHash = await passwords.hash(given.password)
    } catch (error) {
      if (error instanceof TurnstileFull) return { kind: 'busy', user, seconds: BUSY_SECONDS }
      throw error
    }
    const used = await credentialsOf(tenant).useLink(
      { user: id, secretHash: hashOf(given.secret), passwordHash },
      {
        id: newId(),
        principal: { kind: 'user', id, name: userPrincipalName },
        operation: 'user.setPassword',
        target: id,
        detail: {},
      },
    )
    if (used === 'gone') return { kind: 'gone' }
    bus.publish({ topic: 'securityEpoch', tenant })
    await passwords.forgive(tenant, { name: userPrincipalName, address: given.address })
    return { kind: 'set' }
  }
}

type LinkOwner = Pick<StoredUser, 'id' | 'userPrincipalName'>

/** Makes a link for somebody; the ones that they had before are good for nothing from now on. */
export async function newPasswordLink(
  parts: Pick<Dependencies, 'newId' | 'randomBytes'> & { credentials: Pick<CredentialStore, 'addLink'> },
  { tenant, origin }: { tenant: TenantId; origin: string },
  by: AuditPrincipal,
  { id, userPrincipalName }: LinkOwner,
): Promise<PasswordLink> {
  const secret = Buffer.from(parts.randomBytes(SECRET_BYTES)).toString('base64url')
  const { expiresAt } = await parts.credentials.addLink(
    { user: id, secretHash: hashOf(secret), lifeMs: LINK_LIFE_MS },
    {
      id: parts.newId(),
      principal: by,
      operation: 'user.passwordLink',
      target: id,
      detail: { userPrincipalName },
    },
  )
  return {
    userId: id,
    userPrincipalName,
    url: `${origin}/${tenant}/password?link=${secret}`,
    expiresAt: formatInstant(expiresAt),
  }
}

/** 256 random bits need no slow hash: nobody can try them all. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
