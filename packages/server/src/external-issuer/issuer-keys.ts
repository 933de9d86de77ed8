import type { Clock } from '@fleetsweep/protocol'
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import type { Logger } from 'pino'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ExternalIssuer } from '../config/index.ts'
import { fetchJson } from '../kit/fetch-json.ts'

/** How long keys are used before the issuer is asked whether they are still its own. */
const FRESH_MS = 5 * 60_000
/** How often at most it is asked, whatever arrives that no key fits. */
const ASK_AT_MOST_EVERY_MS = 30_000
/** Keys of an issuer that does not answer are kept this long: it issues no tokens then, and old ones have ended. */
const KEEP_MS = 24 * 3_600_000
const TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024

const Discovery = Compile(Type.Object({ issuer: Type.String(), jwks_uri: Type.String() }))
const KeySet = Compile(Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }))

type Parts = { clock: Clock; logger: Logger }
type Place = Pick<ExternalIssuer, 'issuer' | 'jwksUri' | 'caPem'>

/** The public keys of one issuer, fetched when they are needed and followed when they change. */
export class IssuerKeys {
  readonly #place: Place
  readonly #parts: Parts
  #known: { find: JWTVerifyGetKey; readAtMs: number } | undefined
  #askedAtMs = Number.NEGATIVE_INFINITY
  #answered = true
  #reading: Promise<void> | undefined

  constructor(place: Place, parts: Parts) {
    this.#place = place
    this.#parts = parts
  }

  /**
   * Finds the key that a token says it was signed with, as `jwtVerify` wants it.
   *
   * @throws Error when there is none, or the issuer was never heard
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    await this.#freshen()
    try {
      return await this.#select(header, token)
    } catch (error) {
      // The issuer may have changed its keys since it was asked.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(this.#mayAsk || this.#reading)) throw error
      await this.#read()
      return this.#select(header, token)
    }
  }

  #select(...args: Parameters<JWTVerifyGetKey>) {
    if (!this.#known) throw new Error(`The keys of ${this.#place.issuer} are not known: it does not answer.`)
    return this.#known.find(...args)
  }

  /** Asks for keys that are due. While an issuer does not answer, nobody waits for it who knows its keys. */
  async #freshen(): Promise<void> {
    const ageMs = this.#known ? this.#parts.clock.monotonicMs() - this.#known.readAtMs : KEEP_MS
    if (ageMs >= KEEP_MS) this.#known = undefined
    if (ageMs < FRESH_MS || (!this.#mayAsk && !this.#reading)) return
    const read = this.#read()
    if (!this.#known || this.#answered) await read
  }

  get #mayAsk(): boolean {
    return this.#parts.clock.monotonicMs() - this.#askedAtMs >= ASK_AT_MOST_EVERY_MS
  }

  /** Everybody who needs it meanwhile waits for the same answer. Never fails: what is known stays. */
  #read(): Promise<void> {
    this.#reading ??= this.#ask().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #ask(): Promise<void> {
    const { clock, logger } = this.#parts
    this.#askedAtMs = clock.monotonicMs()
    try {
      const { keys } = KeySet.Parse(await this.#fetch(this.#place.jwksUri ?? (await this.#discover())))
      const find = createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) })
      this.#known = { find, readAtMs: clock.monotonicMs() }
      this.#answered = true
    } catch (cause) {
      this.#answered = false
      const reason = cause instanceof Error ? cause.message : String(cause)
      logger.warn({ issuer: this.#place.issuer, reason }, 'the keys of an external issuer cannot be read')
    }
  }

  async #discover(): Promise<string> {
    const { issuer } = this.#place
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const found = Discovery.Parse(await this.#fetch(address))
    if (found.issuer !== issuer) throw new Error(`${address} speaks for another issuer`)
    const isSafe = found.jwks_uri.startsWith('https:') || sameOrigin(found.jwks_uri, issuer)
    if (!isSafe) throw new Error(`${address} names keys that anybody on the way could change`)
    return found.jwks_uri
  }

  #fetch(url: string): Promise<unknown> {
    const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES }
    return fetchJson(url, { caPem: this.#place.caPem, clock: this.#parts.clock, ...limits })
  }
}

function sameOrigin(one: string, other: string): boolean {
  const origin = URL.parse(one)?.origin
  return origin !== undefined && origin === URL.parse(other)?.origin
}
