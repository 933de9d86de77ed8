import { Type } from 'typebox'
import { ClientError } from '../client-error.ts'
import { type ClientRuntime, pause, platformRuntime } from '../client-runtime.ts'
import { callOAuth, refused, type SignInPlace } from './oauth-call.ts'
import { readSignIn, type SignedIn, SignInAnswer, signInScope } from './person.ts'

/** A sign-in that waits for its person, who opens an address on any device and enters a code there. */
export type DeviceSignIn = {
  userCode: string
  verificationUri: string
  /** How long the code may be entered. */
  goodForMs: number
  /**
   * Asks until the person has decided.
   *
   * @throws ClientError `SignInExpired` when nobody did in time, `SignInDeclined` when they said no
   */
  wait(options?: { signal?: AbortSignal }): Promise<SignedIn>
}

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** Where the server says nothing: RFC 8628, section 3.2. */
const USUAL_INTERVAL_SECONDS = 5
const SLOW_DOWN_MS = 5_000

const DeviceAnswer = Type.Object({
  device_code: Type.String(),
  user_code: Type.String(),
  verification_uri: Type.String(),
  expires_in: Type.Number({ minimum: 0 }),
  interval: Type.Optional(Type.Number({ minimum: 0 })),
})

/**
 * Begins to sign a person in who uses a browser elsewhere (OAuth device authorization grant).
 *
 * @throws ClientError `SignInRefused` when the server gives no code
 * @see https://www.rfc-editor.org/rfc/rfc8628
 */
export async function beginDeviceSignIn(
  place: SignInPlace,
  { signal }: { signal?: AbortSignal } = {},
  runtime: ClientRuntime = platformRuntime(),
): Promise<DeviceSignIn> {
  const { clock } = runtime
  const askedAtMs = clock.monotonicMs()
  const answer = await callOAuth(
    place,
    'devicecode',
    { scope: signInScope(place) },
    DeviceAnswer,
    runtime,
    signal,
  )
  if (answer.kind === 'refused') throw refused(answer)
  const { device_code, user_code, verification_uri, expires_in, interval } = answer.value
  const goodForMs = expires_in * 1_000
  return {
    userCode: user_code,
    verificationUri: verification_uri,
    goodForMs,
    wait: ({ signal } = {}) =>
      poll(place, device_code, {
        intervalMs: (interval ?? USUAL_INTERVAL_SECONDS) * 1_000,
        untilMs: askedAtMs + goodForMs,
        runtime,
        signal,
      }),
  }
}

type Polling = {
  intervalMs: number
  /** When the code is over, by the monotonic clock. */
  untilMs: number
  runtime: ClientRuntime
  signal: AbortSignal | undefined
}

async function poll(place: SignInPlace, deviceCode: string, polling: Polling): Promise<SignedIn> {
  const { untilMs, runtime, signal } = polling
  let { intervalMs } = polling
  let waitMs = intervalMs
  let trouble: ClientError | undefined
  while (runtime.clock.monotonicMs() + waitMs < untilMs) {
    await pause(runtime.clock, waitMs, signal)
    signal?.throwIfAborted()
    const said = await ask(place, deviceCode, runtime, signal)
    if (said === 'slow_down') intervalMs += SLOW_DOWN_MS
    else if (said !== 'authorization_pending' && !(said instanceof ClientError)) return said
    trouble = said instanceof ClientError ? said : undefined
    waitMs = Math.max(intervalMs, trouble?.retryAfterMs ?? 0)
  }
  throw trouble ?? expired()
}

/** The sign-in, why to ask again, or the trouble on the way that may pass. */
async function ask(
  place: SignInPlace,
  deviceCode: string,
  runtime: ClientRuntime,
  signal: AbortSignal | undefined,
): Promise<SignedIn | 'authorization_pending' | 'slow_down' | ClientError> {
  const form = { grant_type: GRANT, device_code: deviceCode }
  const answer = await callOAuth(place, 'token', form, SignInAnswer, runtime, signal).catch(
    (error: unknown) => {
      if (error instanceof ClientError && error.code !== 'BadAnswer') return error
      throw error
    },
  )
  if (answer instanceof ClientError) return answer
  if (answer.kind === 'given') return readSignIn(answer.value)
  switch (answer.error) {
    case 'authorization_pending':
    case 'slow_down':
      return answer.error
    case 'expired_token':
      throw expired()
    // By RFC 8628, and as Entra says it.
    case 'access_denied':
    case 'authorization_declined':
      throw new ClientError('SignInDeclined', 'The sign-in was declined')
    default:
      throw refused(answer)
  }
}

function expired(): ClientError {
  return new ClientError('SignInExpired', 'Nobody entered the code in time')
}
