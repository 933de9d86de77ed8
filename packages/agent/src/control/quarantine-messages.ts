import { type Static, Type } from 'typebox'
import { STAGES } from '../quarantine/index.ts'
import { Requestor } from './scan-messages.ts'

const Closed = { additionalProperties: false }
const AbsolutePath = Type.String({ pattern: '^/', maxLength: 65_536 })

/** Asks for a page of what is in quarantine, the oldest first. */
export const QuarantineListAsk = Type.Object({ from: Type.Integer({ minimum: 0 }) }, Closed)

/** A page; `next` says where the one after it begins. */
export const QuarantinePage = Type.Object({
  items: Type.Array(
    Type.Object({
      id: Type.String(),
      stage: Type.Enum(STAGES),
      /** By the machine's clock. */
      takenAtMs: Type.Integer(),
      takenBy: Type.String(),
      threatName: Type.String(),
      /** Safe to show, and shortened where it is very long. */
      path: Type.String(),
      sizeBytes: Type.Integer(),
    }),
  ),
  next: Type.Union([Type.Integer(), Type.Null()]),
})
export type QuarantinePage = Static<typeof QuarantinePage>

export const QuarantineAddAsk = Type.Object(
  { path: AbsolutePath, force: Type.Boolean(), requestor: Requestor },
  Closed,
)
export type QuarantineAddAsk = Static<typeof QuarantineAddAsk>

export const QuarantineAdded = Type.Object({ id: Type.String(), otherNames: Type.Integer() })
export type QuarantineAdded = Static<typeof QuarantineAdded>

export const QuarantineRestoreAsk = Type.Object(
  {
    id: Type.String({ maxLength: 100 }),
    /** Another place than where it was. */
    to: Type.Union([AbsolutePath, Type.Null()]),
    force: Type.Boolean(),
    requestor: Requestor,
  },
  Closed,
)
export type QuarantineRestoreAsk = Static<typeof QuarantineRestoreAsk>

/** `missing` names the attributes that the system did not take back. */
export const QuarantineRestored = Type.Object({ path: Type.String(), missing: Type.Array(Type.String()) })
export type QuarantineRestored = Static<typeof QuarantineRestored>
