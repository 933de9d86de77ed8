import { createHmac } from 'node:crypto'
import { type Clock, msBetween, type TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { networkOf } from '../kit/network.ts'
import { Turnstile, TurnstileFull } from '../kit/turnstile.ts'
import type { StoredUser, UserStore } from '../user/index.ts'
import type { CredentialStore } from './credential-store.ts'
import { hashPassword, verifyPassword } from './password-hash.ts'
import type { ThrottleStore } from './throttle-store.ts'

/** Failures without a wait: of one account from one address, from one address, and of one account from anywhere. */
const FREE = { accountAtAddress: 4, address: 30, account: 100 }
/** Each guess fills 19 MiB and a core; more at once only takes longer. */
const AT_ONCE = 2
const MAY_WAIT = 32
const BUSY_SECONDS = 5

export type PasswordVerdict =
  | { kind: 'right'; user: StoredUser }
  | { kind: 'wrong' }
  /** Too many failures: nobody looked at the password. */
  | { kind: 'wait'; seconds: number }
  /** Too many sign-ins at once. */
  | { kind: 'busy'; seconds: number }

type Dependencies = {
  usersOf: (tenant: TenantId) => Pick<UserStore, 'findByName'>
  credentialsOf: (tenant: TenantId) => Pick<CredentialStore, 'find' | 'rehash'>
  throttlesOf: (tenant: TenantId) => ThrottleStore
  /** Of the purpose of naming who failed. */
  key: Uint8Array
  clock: Clock
  logger: Logger
}

/** Checks passwords, and lets nobody guess them. */
export class PasswordCheck {
  readonly #parts: Dependencies
  readonly #turnstile = new Turnstile({ atOnce: AT_ONCE, mayWait: MAY_WAIT })
  #nobodysHash: Promise<string> | undefined

  constructor(parts: Dependencies) {
    this.#parts = parts
  }

  /** An unknown name takes as long as a known one, and hears the same. */
  async check(
    tenant: TenantId,
    given: { name: string; password: string; address: string },
  ): Promise<PasswordVerdict> {
    const { throttlesOf, clock, logger } = this.#parts
    const name = given.name.trim()
    const subjects = this.#subjects(name, given.address)
    const attempt = { tenant, user: name.slice(0, 254), address: given.address }
    const blockedUntil = await throttlesOf(tenant).attempt(subjects.all)
    if (blockedUntil !== null) {
      logger.warn(attempt, 'a sign-in was refused: too many failures')
      return { kind: 'wait', seconds: Math.max(Math.ceil(msBetween(clock.now(), blockedUntil) / 1_000), 1) }
    }
    try {
      const user = await this.#turnstile.run(() => this.#verify(tenant, name, given.password))
      if (user) {
        await throttlesOf(tenant).succeed({ cleared: subjects.account, eased: subjects.address })
        return { kind: 'right', user }
      }
    } catch (error) {
      if (!(error instanceof TurnstileFull)) throw error
      // Nobody looked at the password, so nothing failed.
      await throttlesOf(tenant).succeed({ cleared: [], eased: subjects.all })
      logger.warn(attempt, 'a sign-in was refused: too many at once')
      return { kind: 'busy', seconds: BUSY_SECONDS }
    }
    logger.warn(attempt, 'a sign-in failed')
    return { kind: 'wrong' }
  }

  /** Hashes a new password in its turn. @throws TurnstileFull */
  hash(password: string): Promise<string> {
    return this.#turnstile.run(() => hashPassword(password))
  }

  /** Forgets how often it failed for somebody who has proved in another way who they are. */
  async forgive(tenant: TenantId, { name, address }: { name: string; address: string }): Promise<void> {
    const { account } = this.#subjects(name, address)
    await this.#parts.throttlesOf(tenant).succeed({ cleared: account, eased: [] })
  }

  async #verify(tenant: TenantId, name: string, password: string): Promise<StoredUser | undefined> {
    const { usersOf, credentialsOf } = this.#parts
    const user = await usersOf(tenant).findByName(name)
    const credential = user && (await credentialsOf(tenant).find(user.id))
    const hash = credential?.passwordHash
    const { fits, isOutdated } = await verifyPassword(password, hash ?? (await this.#nobody()))
    if (!user || !hash || !fits || user.disabledAt !== null) return undefined
    if (isOutdated) await credentialsOf(tenant).rehash(user.id, hash, await hashPassword(password))
    return user
  }

  #nobody(): Promise<string> {
    this.#nobodysHash ??= hashPassword('')
    return this.#nobodysHash
  }

  #subjects(name: string, address: string) {
    const account = name.toLowerCase()
    const network = networkOf(address)
    const hash = (...parts: string[]) =>
      createHmac('sha256', this.#parts.key).update(JSON.stringify(parts)).digest('base64url')
    const both = { hash: hash('accountAtAddress', account, network), free: FREE.accountAtAddress }
    const ofAddress = { hash: hash('address', network), free: FREE.address }
    const ofAccount = { hash: hash('account', account), free: FREE.account }
    return { all: [both, ofAddress, ofAccount], account: [both.hash, ofAccount.hash], address: [ofAddress] }
  }
}
