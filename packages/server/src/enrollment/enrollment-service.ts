import { createHash } from 'node:crypto'
import {
  type CreatedEnrollmentToken,
  type CreateEnrollmentTokenBody,
  type EnrollAnswer,
  type EnrollmentToken,
  type EnrollRequest,
  encodeEnrollmentToken,
  formatInstant,
  type MachineId,
  readMachineId,
  type TenantId,
} from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import type { Bus } from '../kit/bus.ts'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import { isSignedBy, readPublicKey } from '../kit/ed25519.ts'
import { ApiError } from '../kit/http/index.ts'
import type { SigningKeys } from '../signing-key/index.ts'
import type { TenantStore } from '../tenant/index.ts'
import type { Enrolled, EnrollmentStore, StoredEnrollmentToken } from './enrollment-store.ts'

const SECRET_BYTES = 32
const MACHINE_ID_BYTES = 20
const USUAL_MINUTES = 24 * 60

/** How machines join. */
export type EnrollmentService = {
  /** The local certificate authority that agents may have to trust, PEM; null where the certificate is publicly trusted. */
  readonly caPem: string | null

  /**
   * Makes a token that machines enroll with. Its text is part of the answer and can never be shown again.
   *
   * @throws ApiError `InvalidInput` when there is no machine whose key it could replace
   */
  createToken(
    tenant: TenantId,
    by: AuditPrincipal,
    wanted: CreateEnrollmentTokenBody,
  ): Promise<CreatedEnrollmentToken>

  /** Newest first, a page at a time. */
  listTokens(
    tenant: TenantId,
    query: { after?: Cursor | undefined; limit: number },
  ): Promise<{ items: EnrollmentToken[]; nextCursor: string | null }>

  /** Makes a token worthless; machines that it enrolled stay. `false` when there is none of that id. */
  revokeToken(tenant: TenantId, by: AuditPrincipal, id: string): Promise<boolean>

  /**
   * Exchanges a token for an identity. The same request again gets the same answer and uses the token once.
   *
   * @throws ApiError `Forbidden` with what to do, when the token is of no use; `InvalidInput` when the request is not
   *   signed by the key that it brings
   */
  enroll(request: EnrollRequest, externalIp: string): Promise<EnrollAnswer>
}

type Dependencies = {
  tenants: Pick<TenantStore, 'find'>
  enrollmentOf: (tenant: TenantId) => EnrollmentStore
  signingKeys: Pick<SigningKeys, 'orderKeys'>
  bus: Bus
  newId: () => string
  randomBytes: (size: number) => Uint8Array
  /** The id that this server keeps for ever. */
  serverId: string
  /** The certificate authority of this server itself; null where it shows a publicly trusted certificate, or none. */
  localCa: { certPem: string; sha256: string } | null
}

export function enrollmentService(parts: Dependencies): EnrollmentService {
  const { tenants, enrollmentOf, signingKeys, bus, newId, serverId, localCa } = parts
  const random = (size: number) => Buffer.from(parts.randomBytes(size))
  return {
    caPem: localCa?.certPem ?? null,

    async createToken(tenant, by, wanted) {
      const { description = '', expiresInMinutes = USUAL_MINUTES, maxUses = 1, tags = [] } = wanted
      const replaceMachine = readReplaced(wanted.replaceMachineId)
      const root = (await signingKeys.orderKeys(tenant)).chain[0]
      if (!root) throw new Error(`Tenant ${tenant} has no key that signs orders.`)
      const [id, secret] = [newId(), random(SECRET_BYTES).toString('base64url')]
      const created = await enrollmentOf(tenant).createToken({
        id,
        secretHash: sha256(secret),
        description,
        createdBy: by.name,
        lifeMs: expiresInMinutes * 60_000,
        maxUses,
        tags,
        replaceMachine,
        audit: {
          id: newId(),
          principal: by,
          operation: 'enrollmentToken.create',
          target: id,
          detail: { description, expiresInMinutes, maxUses, tags, replaceMachineId: replaceMachine },
        },
      })
      if (created.kind === 'machineUnknown') throw noSuchMachine()
      const token = encodeEnrollmentToken({
        tenant,
        tokenId: id,
        secret,
        ...(localCa === null ? {} : { caSha256: localCa.sha256 }),
        orderRootSha256: sha256(Buffer.from(root.publicKey, 'base64')),
      })
      return { ...shown(created.token), token }
    },

    async listTokens(tenant, { after, limit }) {
      // One more than asked for tells whether there is a next page.
      const rows = await enrollmentOf(tenant).listTokens({ after, limit: limit + 1 })
      return cursorPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), shown)
    },

    revokeToken: (tenant, by, id) =>
      enrollmentOf(tenant).revokeToken(id, {
        id: newId(),
        principal: by,
        operation: 'enrollmentToken.revoke',
        target: id,
        detail: {},
      }),

    async enroll(request, externalIp) {
      const publicKey = checkedKey(request)
      const tenant = await tenants.find(request.tenant)
      const enrolled: Enrolled = tenant
        ? await enrollmentOf(tenant.id).enroll({
            tokenId: request.tokenId.toLowerCase(),
            secretHash: sha256(request.secret),
            publicKey,
            newMachineId: random(MACHINE_ID_BYTES).toString('hex') as MachineId,
            inventory: request.inventory,
            externalIp,
            auditId: newId(),
          })
        : { kind: 'refused', why: 'unknown' }
      if (!tenant || enrolled.kind === 'refused') throw refusal(enrolled)
      const { machineId, outcome } = enrolled
      if (outcome === 'replaced') {
        bus.publish({ topic: 'machineKeys', tenant: tenant.id, machineIds: [machineId] })
      }
      const { chain } = await signingKeys.orderKeys(tenant.id)
      return { machineId, tenant: tenant.id, serverId, orderKeys: [...chain], outcome }
    },
  }
}

/** The key in the one spelling that it is kept in, after its owner has proven to hold the private half. */
function checkedKey({ tenant, tokenId, secret, publicKey, signature }: EnrollRequest): string {
  const key = readPublicKey(publicKey)
  const fields = [tenant, tokenId, secret, publicKey]
  if (key === undefined || !isSignedBy(key, 'fleetsweep.agent.v1/enroll', fields, signature)) {
    throw new ApiError('InvalidInput', 'The request is not signed by the key that it brings.')
  }
  return key
}

const WHY_REFUSED: Record<Extract<Enrolled, { kind: 'refused' }>['why'], string> = {
  unknown:
    'This server knows no such enrollment token. Copy it again, whole, and check the address of the server.',
  expired: 'The enrollment token has expired. Ask for a new one.',
  revoked: 'The enrollment token was revoked. Ask for a new one.',
  keyInDoubt:
    'The key of this machine is in use twice, so it must be replaced. Enroll again with: fleetsweep-agent enroll --new-key',
  usedUp:
    'The enrollment token has been used as often as it may be. Ask for a new one, or one with more uses.',
}

function refusal(enrolled: Enrolled): ApiError {
  return new ApiError('Forbidden', WHY_REFUSED[enrolled.kind === 'refused' ? enrolled.why : 'unknown'])
}

function readReplaced(text: string | undefined): MachineId | null {
  if (text === undefined) return null
  const id = readMachineId(text)
  if (!id) throw noSuchMachine()
  return id
}

function noSuchMachine(): ApiError {
  return new ApiError('InvalidInput', 'replaceMachineId names no machine of this tenant.')
}

function shown(token: StoredEnrollmentToken): EnrollmentToken {
  const { id, description, createdBy, maxUses, uses, tags, replaceMachine } = token
  return {
    id,
    description,
    createdAt: formatInstant(token.createdAt),
    createdBy,
    expiresAt: formatInstant(token.expiresAt),
    revokedAt: token.revokedAt === null ? null : formatInstant(token.revokedAt),
    maxUses,
    uses,
    tags,
    replaceMachineId: replaceMachine,
  }
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
