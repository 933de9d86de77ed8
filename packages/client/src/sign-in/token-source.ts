import type { ClientRuntime } from '../client-runtime.ts'

/** Where access tokens come from. */
export type TokenSource = {
  /** A token that is good for a while; the same one until shortly before it ends. */
  get(): Promise<string>
  /** Drops a token that the server refused. */
  forget(token: string): void
}

/** An access token, and how long it stays good from now on; nothing or less when it is over. */
export type TimedToken = { accessToken: string; goodForMs: number }

/** A token is renewed this long before it ends, so that it never ends on the way. */
const RENEW_BEFORE_MS = 60_000

/**
 * Keeps a token until shortly before it ends and then asks for the next. Calls that come together share one request.
 *
 * @param first what is there already, if anything is
 */
export function keptToken(
  ask: () => Promise<TimedToken>,
  clock: ClientRuntime['clock'],
  first?: TimedToken,
): TokenSource {
  const hold = ({ accessToken, goodForMs }: TimedToken, fromMs: number) => ({
    token: accessToken,
    // A token shorter than the margin is used for half its life rather than asked for with every call.
    renewAtMs: fromMs + Math.max(goodForMs - RENEW_BEFORE_MS, goodForMs / 2),
  })
  let held = first && hold(first, clock.monotonicMs())
  let asking: Promise<string> | undefined

  async function renew(): Promise<string> {
    const askedAtMs = clock.monotonicMs()
    held = hold(await ask(), askedAtMs)
    return held.token
  }

  return {
    async get() {
      if (held && clock.monotonicMs() < held.renewAtMs) return held.token
      asking ??= renew().finally(() => {
        asking = undefined
      })
      return asking
    },
    forget(token) {
      if (held?.token === token) held = undefined
    },
  }
}
