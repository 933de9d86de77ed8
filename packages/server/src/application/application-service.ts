import {
  type AddCertificateBody,
  type Application,
  type ApplicationCertificate,
  type ApplicationId,
  type CallLimits,
  type ChangeApplicationBody,
  type Clock,
  type CreateApplicationBody,
  type CreatedApplication,
  type CreatedSecret,
  type CreateSecretBody,
  type TenantId,
  USUAL_SECRET_DAYS,
} from '@fleetsweep/protocol'
import type { AuditEntry, AuditPrincipal } from '../audit/index.ts'
import type { Bus } from '../kit/bus.ts'
import { type Cursor, writeCursor } from '../kit/cursor.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { readCertificate } from './application-certificate.ts'
import { newApplicationSecret } from './application-secret.ts'
import {
  type ApplicationStore,
  type CredentialKind,
  MAX_CREDENTIALS,
  type NewSecret,
} from './application-store.ts'
import { showApplication, showCertificate, showSecret } from './show-application.ts'

const DAY_MS = 86_400_000

/**
 * Registers applications, and says what they may do, how they prove who they are and how much they may call. Every
 * change takes effect within a second, also for tokens that were got before.
 *
 * What names an application, a secret or a certificate that is not there throws ApiError `ResourceNotFound`.
 */
export type ApplicationService = {
  /** Newest first, a page at a time. */
  list(
    tenant: TenantId,
    query: { after?: Cursor | undefined; limit: number },
  ): Promise<{ items: Application[]; nextCursor: string | null }>

  get(tenant: TenantId, id: ApplicationId): Promise<Application>

  /** Registers an application. The text of its secret is kept only as a hash and can never be shown again. */
  create(tenant: TenantId, by: AuditPrincipal, wanted: CreateApplicationBody): Promise<CreatedApplication>

  /** @throws ApiError `InvalidInput` when nothing is to be changed */
  change(
    tenant: TenantId,
    by: AuditPrincipal,
    id: ApplicationId,
    to: ChangeApplicationBody,
  ): Promise<Application>

  /** Deletes an application with its credentials. What it asked for goes on. */
  remove(tenant: TenantId, by: AuditPrincipal, id: ApplicationId): Promise<void>

  /** Sets or (null) lifts the overrides of the rate limits. */
  setLimits(tenant: TenantId, by: AuditPrincipal, id: ApplicationId, limits: CallLimits): Promise<CallLimits>

  /**
   * Gives an application one more secret; those that it has stay good. The answer alone holds its text.
   *
   * @throws ApiError `InvalidInput` when it has as many as it may
   */
  addSecret(
    tenant: TenantId,
    by: AuditPrincipal,
    id: ApplicationId,
    wanted: CreateSecretBody,
  ): Promise<CreatedSecret>

  /**
   * Lets an application prove itself by the private key of this certificate.
   *
   * @throws ApiError `InvalidInput` when the certificate is of no use, or the application has it or too many already
   */
  addCertificate(
    tenant: TenantId,
    by: AuditPrincipal,
    id: ApplicationId,
    wanted: AddCertificateBody,
  ): Promise<ApplicationCertificate>

  /** Makes a credential worthless, with every token that was got with it. */
  revokeCredential(
    tenant: TenantId,
    by: AuditPrincipal,
    id: ApplicationId,
    kind: CredentialKind,
    credential: string,
  ): Promise<void>
}

type Parts = {
  applicationsOf: (tenant: TenantId) => ApplicationStore
  bus: Pick<Bus, 'publish'>
  clock: Clock
  newId: () => string
  randomBytes: (size: number) => Uint8Array
}

export function applicationService({
  applicationsOf,
  bus,
  clock,
  newId,
  randomBytes,
}: Parts): ApplicationService {
  /** Only when it is on disk: whoever hears of it reads. */
  const told = (tenant: TenantId): void => bus.publish({ topic: 'securityEpoch', tenant })

  const entry = (
    principal: AuditPrincipal,
    operation: string,
    target: string,
    detail: AuditEntry['detail'],
  ): AuditEntry => ({ id: newId(), principal, operation: `application.${operation}`, target, detail })

  const newSecret = ({ description = '', expiresInDays = USUAL_SECRET_DAYS }: CreateSecretBody) => {
    const { text, ...kept } = newApplicationSecret(randomBytes)
    const lifeMs = expiresInDays === null ? null : expiresInDays * DAY_MS
    const secret: NewSecret = { id: newId(), description, ...kept, lifeMs }
    const detail = { secretId: secret.id, secretHint: secret.hint, secretExpiresInDays: expiresInDays }
    return { text, secret, detail }
  }

  const getStored = async (tenant: TenantId, id: ApplicationId) => {
    const application = await applicationsOf(tenant).find(id)
    if (!application) throw noSuchApplication(id)
    return application
  }

  return {
    async list(tenant, { after, limit }) {
      // One more than asked for tells whether there is a next page.
      const rows = await applicationsOf(tenant).list({
        ...(after === undefined ? {} : { after: { createdAt: after.at, id: after.id } }),
        limit: limit + 1,
      })
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      const nextCursor = rows.length > limit && last ? writeCursor({ at: last.createdAt, id: last.id }) : null
      return { items: items.map(showApplication), nextCursor }
    },

    get: async (tenant, id) => showApplication(await getStored(tenant, id)),

    async create(tenant, by, { displayName, permissions, secret: wanted }) {
      const id = newId() as ApplicationId
      const made = wanted && newSecret(wanted)
      const detail = { displayName, permissions, ...made?.detail }
      const audit = entry(by, 'create', id, detail)
      await applicationsOf(tenant).create({
        id,
        displayName,
        permissions,
        secret: made?.secret ?? null,
        audit,
      })
      const stored = await getStored(tenant, id)
      const [secret] = stored.secrets
      return {
        ...showApplication(stored),
        secret: made && secret ? { ...showSecret(secret), secret: made.text } : null,
      }
    },

    async change(tenant, by, id, { displayName, permissions }) {
      if (displayName === undefined && permissions === undefined) {
        throw new ApiError('InvalidInput', 'Nothing is to be changed: give displayName, permissions or both')
      }
      const detail = {
        ...(displayName !== undefined && { displayName }),
        ...(permissions !== undefined && { permissions }),
      }
      const audit = entry(by, 'change', id, detail)
      const known = await applicationsOf(tenant).change(id, { displayName, permissions }, audit)
      if (!known) throw noSuchApplication(id)
      told(tenant)
      return showApplication(await getStored(tenant, id))
    },

    async remove(tenant, by, id) {
      const { displayName } = await getStored(tenant, id)
      const known = await applicationsOf(tenant).remove(id, entry(by, 'delete', id, { displayName }))
      if (!known) throw noSuchApplication(id)
      told(tenant)
    },

    async setLimits(tenant, by, id, limits) {
      const known = await applicationsOf(tenant).setLimits(id, limits, entry(by, 'setLimits', id, limits))
      if (!known) throw noSuchApplication(id)
      told(tenant)
      return limits
    },

    async addSecret(tenant, by, id, wanted) {
      const { text, secret, detail } = newSecret(wanted)
      const added = await applicationsOf(tenant).addSecret(id, secret, entry(by, 'addSecret', id, detail))
      if (added.kind === 'unknown') throw noSuchApplication(id)
      if (added.kind === 'tooMany') throw tooMany('secrets')
      told(tenant)
      return { ...showSecret(added.credential), secret: text }
    },

    async addCertificate(tenant, by, id, { certificate: pem, description = '' }) {
      const certificate = { id: newId(), description, ...readCertificate(pem, clock.now()) }
      const detail = { certificateId: certificate.id, thumbprint: certificate.sha1.toUpperCase() }
      const audit = entry(by, 'addCertificate', id, detail)
      const added = await applicationsOf(tenant).addCertificate(id, certificate, audit)
      if (added.kind === 'unknown') throw noSuchApplication(id)
      if (added.kind === 'tooMany') throw tooMany('certificates')
      if (added.kind === 'exists') {
        throw new ApiError('InvalidInput', 'The application has this certificate already')
      }
      told(tenant)
      return showCertificate(added.credential)
    },

    async revokeCredential(tenant, by, id, kind, credential) {
      const operation = kind === 'secret' ? 'revokeSecret' : 'revokeCertificate'
      const audit = entry(by, operation, id, { [`${kind}Id`]: credential })
      const known = await applicationsOf(tenant).revokeCredential(id, kind, credential, audit)
      if (!known) throw notFound(`The ${kind} ${credential} of the application ${id}`)
      told(tenant)
    },
  }
}

function noSuchApplication(id: string): ApiError {
  return notFound(`The application ${id}`)
}

function tooMany(what: string): ApiError {
  return new ApiError(
    'InvalidInput',
    `The application has ${MAX_CREDENTIALS} ${what} already. Revoke one that is not used any more`,
  )
}
