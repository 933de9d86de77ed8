import { type Static, Type } from 'typebox'

/** RFC 9457 problem details: the body of every answer of the Fleet API that is not 2xx. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  /** The code of `ERROR_STATUS` that decided. */
  code: Type.String(),
  /** A GUID to look up in the server's log. */
  instance: Type.String(),
})
export type Problem = Static<typeof Problem>
