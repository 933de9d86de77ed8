import { type Static, Type } from 'typebox'

/** The body of every answer of the Defender API that is not 2xx. Clients must not read meaning into `target`. */
export const ApiErrorBody = Type.Object({
  error: Type.Object({
    /** One of `ERROR_STATUS`. */
    code: Type.String(),
    message: Type.String(),
    /** A GUID to look up in the server's log. */
    target: Type.String(),
  }),
})
export type ApiErrorBody = Static<typeof ApiErrorBody>
