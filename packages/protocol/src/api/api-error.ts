import { type Static, Type } from 'typebox'

/** The body of every answer of the Defender API that is not 2xx. Clients must not read meaning into `target`. */
export const ApiErrorBody = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'What went wrong, for programs. It decides the status.' }),
      message: Type.String({ description: 'The same for people; it may change.' }),
      target: Type.String({ description: "A GUID to look up in the server's log." }),
    }),
  },
  { description: 'A refusal of the Defender API.' },
)
export type ApiErrorBody = Static<typeof ApiErrorBody>
