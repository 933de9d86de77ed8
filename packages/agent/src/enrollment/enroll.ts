import {
  ENROLL_PATH,
  EnrollAnswer,
  type EnrollmentTokenContent,
  type EnrollRequest,
  type Inventory,
} from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import type { Host } from '../os/host.ts'
import type { Logger } from '../os/logger.ts'
import { parseJson } from '../os/parse-json.ts'
import { makePrivateKeyPem, publicKeyOf, signFields } from '../signing/ed25519.ts'
import { isChainFrom } from '../signing/order-key-chain.ts'
import { EnrollmentError } from './enrollment-error.ts'
import { fetchCa } from './fetch-ca.ts'
import { sendHttpRequest } from './http-request.ts'
import type { Identity, UnenrolledKey } from './identity.ts'
import { readIdentity, setIdentityAside, writeIdentity } from './identity-file.ts'

const MAX_ANSWER_BYTES = 256 * 1024

const enrollAnswer = new LazySchema(EnrollAnswer)
const refusal = new LazySchema(
  Type.Union([
    Type.Object({ detail: Type.String() }),
    Type.Object({ error: Type.Object({ message: Type.String() }) }),
  ]),
)

export type Enrollment = {
  stateDir: string
  host: Host
  /** Scheme, host and port, checked by `readServerAddress`. */
  origin: string
  insecureHttp: boolean
  token: EnrollmentTokenContent
  /** True: the key that is here is set aside, because a copy of it may be in use elsewhere. */
  newKey: boolean
  /** Certificate authority given by hand, PEM. */
  caPem: string | undefined
  /** What the machine says of itself, under the OS identity that its key is bound to. */
  inventory: (osIdentity: string) => Promise<Inventory>
  logger: Logger
}

/**
 * Exchanges an enrollment token for an identity and puts that on disk.
 *
 * The key is on disk before the server hears of it, and a machine that has one keeps it: when the answer is lost, the
 * next try is the same machine again. A key made on another machine is set aside and never used.
 *
 * @throws EnrollmentError with what to do
 */
export async function enroll(
  enrollment: Enrollment,
): Promise<{ identity: Identity; outcome: EnrollAnswer['outcome'] }> {
  const { origin, token, stateDir } = enrollment
  const key = await makeOrReuseKey(enrollment)
  const caPem =
    enrollment.caPem ??
    (token.caSha256 !== undefined && origin.startsWith('https:')
      ? await fetchCa(origin, token.caSha256)
      : undefined)
  const answer = await exchange(enrollment, key, caPem)
  if (answer.tenant.toLowerCase() !== token.tenant.toLowerCase()) {
    throw new EnrollmentError('The server answered for another tenant than the one of the enrollment token.')
  }
  if (!isChainFrom(answer.orderKeys, token.orderRootSha256, answer.tenant)) {
    throw new EnrollmentError(
      'The keys that sign orders do not descend from the one that the enrollment token names. Nothing was enrolled.',
    )
  }
  const identity: Identity = {
    ...key,
    kind: 'enrolled',
    machineId: answer.machineId,
    tenant: answer.tenant,
    serverId: answer.serverId,
    serverUrl: origin,
    insecureHttp: enrollment.insecureHttp,
    caPem: caPem ?? null,
    orderKeys: answer.orderKeys,
  }
  writeIdentity(stateDir, identity)
  return { identity, outcome: answer.outcome }
}

async function makeOrReuseKey({ stateDir, host, newKey, logger }: Enrollment): Promise<UnenrolledKey> {
  const stored = await readIdentity(stateDir, host)
  if (stored.kind === 'unusable') throw new EnrollmentError(stored.reason)
  if (stored.kind === 'unenrolled') return stored.key
  if (stored.kind === 'enrolled' && newKey) {
    logger.info({ path: setIdentityAside(stateDir) }, 'the key was set aside; this machine gets a new one')
  } else if (stored.kind === 'enrolled') {
    const { privateKeyPem, publicKey, osIdentity, osIdentitySources } = stored.identity
    return { kind: 'unenrolled', privateKeyPem, publicKey, osIdentity, osIdentitySources }
  }
  if (stored.kind === 'foreign') {
    const path = setIdentityAside(stateDir)
    logger.warn({ path }, 'the identity of another machine was set aside; this one gets its own')
  }
  const key = await makeKey(host)
  writeIdentity(stateDir, key)
  return key
}

async function makeKey(host: Host): Promise<UnenrolledKey> {
  const osIdentity = await host.osIdentity()
  if (osIdentity === undefined) {
    throw new EnrollmentError(
      'Nothing tells this operating system from others (on Linux /etc/machine-id; `systemd-machine-id-setup` makes one).',
    )
  }
  const privateKeyPem = makePrivateKeyPem()
  return {
    kind: 'unenrolled',
    privateKeyPem,
    publicKey: publicKeyOf(privateKeyPem),
    osIdentity: osIdentity.hash,
    osIdentitySources: osIdentity.sources,
  }
}

async function exchange(
  { origin, token, inventory }: Enrollment,
  key: UnenrolledKey,
  caPem: string | undefined,
): Promise<EnrollAnswer> {
  const { tenant, tokenId, secret } = token
  const request: EnrollRequest = {
    tenant,
    tokenId,
    secret,
    publicKey: key.publicKey,
    signature: signFields(key.privateKeyPem, 'fleetsweep.agent.v1/enroll', [
      tenant,
      tokenId,
      secret,
      key.publicKey,
    ]),
    inventory: await inventory(key.osIdentity),
  }
  const answer = await sendHttpRequest({
    method: 'POST',
    url: new URL(ENROLL_PATH, origin),
    body: JSON.stringify(request),
    caPem,
    maxAnswerBytes: MAX_ANSWER_BYTES,
  })
  const body = parseJson(answer.body)
  if (answer.status >= 200 && answer.status < 300 && enrollAnswer.Check(body)) return body
  throw new EnrollmentError(`${origin} refused the enrollment (${answer.status}): ${refusalText(body)}`)
}

function refusalText(body: unknown): string {
  if (!refusal.Check(body)) return 'it gave no reason that this agent understands.'
  return 'detail' in body ? body.detail : body.error.message
}
