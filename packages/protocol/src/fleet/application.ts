import { type Static, Type } from 'typebox'
import { PERMISSIONS } from '../api/permission.ts'
import { Guid } from '../ids.ts'

const Moment = Type.String()
const NullableMoment = Type.Union([Moment, Type.Null()])
/** A name or a description; blank ones say nothing. */
const Words = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '\\S' })
const Permissions = Type.Array(Type.Enum(PERMISSIONS), { maxItems: PERMISSIONS.length })

const Calls = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000_000 }), Type.Null()])
/** Calls a minute and an hour; null where the usual limit holds. */
export const CallLimits = Type.Object({ perMinute: Calls, perHour: Calls })
export type CallLimits = Static<typeof CallLimits>

/** Most days that a secret may be good for; what an application gets when nobody says otherwise. */
export const MAX_SECRET_DAYS = 730
export const USUAL_SECRET_DAYS = 180

/** Body of `POST /fleet/v1/applications/{id}/secrets`. */
export const CreateSecretBody = Type.Object({
  description: Type.Optional(Words(200)),
  expiresInDays: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: MAX_SECRET_DAYS }), Type.Null()], {
      description:
        '180 when absent; null for a secret that never expires, which a program may need that cannot be told a new one.',
    }),
  ),
})
export type CreateSecretBody = Static<typeof CreateSecretBody>

export const ApplicationSecret = Type.Object({
  id: Guid,
  description: Type.String(),
  hint: Type.String({ description: 'Its first characters, to tell secrets apart.' }),
  createdAt: Moment,
  expiresAt: Type.Union([Type.String(), Type.Null()], { description: 'Null when it never expires.' }),
  revokedAt: NullableMoment,
  lastUsedAt: Type.Union([Type.String(), Type.Null()], {
    description: 'When a token was last got with it, to the hour; null when none was.',
  }),
})
export type ApplicationSecret = Static<typeof ApplicationSecret>

/** Answer to the creation: the only time that the secret itself is shown. */
export const CreatedSecret = Type.Intersect([ApplicationSecret, Type.Object({ secret: Type.String() })])
export type CreatedSecret = Static<typeof CreatedSecret>

/** Body of `POST /fleet/v1/applications/{id}/certificates`. */
export const AddCertificateBody = Type.Object({
  certificate: Type.String({
    maxLength: 32_768,
    description: 'The certificate alone, PEM. Its private key stays where it is.',
  }),
  description: Type.Optional(Words(200)),
})
export type AddCertificateBody = Static<typeof AddCertificateBody>

export const ApplicationCertificate = Type.Object({
  id: Guid,
  description: Type.String(),
  subject: Type.String(),
  thumbprint: Type.String({
    description: 'SHA-1 of the certificate in DER, upper-case hex, as Entra shows it.',
  }),
  thumbprintSha256: Type.String({ description: 'SHA-256 of the same, in the same form.' }),
  key: Type.String({ description: 'Such as `RSA 2048` or `EC P-256`.' }),
  notBefore: Moment,
  notAfter: Moment,
  createdAt: Moment,
  revokedAt: NullableMoment,
  lastUsedAt: NullableMoment,
})
export type ApplicationCertificate = Static<typeof ApplicationCertificate>

/** A program that may get tokens. */
export const Application = Type.Object({
  id: Guid,
  displayName: Type.String(),
  createdAt: Moment,
  permissions: Permissions,
  limits: CallLimits,
  secrets: Type.Array(ApplicationSecret),
  certificates: Type.Array(ApplicationCertificate),
})
export type Application = Static<typeof Application>

/** Body of `POST /fleet/v1/applications`. */
export const CreateApplicationBody = Type.Object({
  /** Shown as `requestor` of what it asks for. */
  displayName: Words(120),
  permissions: Permissions,
  /** Its first secret; none when absent, for a program that has a certificate. */
  secret: Type.Optional(CreateSecretBody),
})
export type CreateApplicationBody = Static<typeof CreateApplicationBody>

/** Answer to the creation; `secret` is null when none was asked for. */
export const CreatedApplication = Type.Intersect([
  Application,
  Type.Object({ secret: Type.Union([CreatedSecret, Type.Null()]) }),
])
export type CreatedApplication = Static<typeof CreatedApplication>

/** Body of `PATCH /fleet/v1/applications/{id}`: what is absent stays as it is. */
export const ChangeApplicationBody = Type.Object({
  displayName: Type.Optional(Words(120)),
  permissions: Type.Optional(Permissions),
})
export type ChangeApplicationBody = Static<typeof ChangeApplicationBody>

export const ApplicationList = Type.Object({
  items: Type.Array(Application),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})
