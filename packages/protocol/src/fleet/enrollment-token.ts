import { type Static, Type } from 'typebox'
import { Guid } from '../ids.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** Body of `POST /fleet/v1/enrollmentTokens`. */
export const CreateEnrollmentTokenBody = Type.Object({
  description: Type.Optional(Type.String({ maxLength: 400 })),
  expiresInMinutes: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 129_600, description: '1 minute to 90 days; a day when absent.' }),
  ),
  maxUses: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100_000, description: 'Machines that may use it; 1 when absent.' }),
  ),
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 50,
      description: 'Given to every machine that it enrolls.',
    }),
  ),
  replaceMachineId: Type.Optional(
    Type.String({
      description:
        'Id of the one machine whose lost key this token replaces; its old key is worthless from then on.',
    }),
  ),
})
export type CreateEnrollmentTokenBody = Static<typeof CreateEnrollmentTokenBody>

export const EnrollmentToken = Type.Object({
  id: Guid,
  description: Type.String(),
  createdAt: Type.String(),
  createdBy: Type.String(),
  expiresAt: Type.String(),
  revokedAt: NullableText,
  maxUses: Type.Integer(),
  uses: Type.Integer(),
  tags: Type.Array(Type.String()),
  replaceMachineId: NullableText,
})
export type EnrollmentToken = Static<typeof EnrollmentToken>

/** Answer to the creation: the only time that the token itself is shown. */
export const CreatedEnrollmentToken = Type.Intersect([EnrollmentToken, Type.Object({ token: Type.String() })])
export type CreatedEnrollmentToken = Static<typeof CreatedEnrollmentToken>

export const EnrollmentTokenList = Type.Object({
  items: Type.Array(EnrollmentToken),
  nextCursor: NullableText,
})
