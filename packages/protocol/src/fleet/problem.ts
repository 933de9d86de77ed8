import { type Static, Type } from 'typebox'

/** RFC 9457 problem details: the body of every answer of the Fleet API that is not 2xx. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'What went wrong, for programs. It decides the status.' }),
    instance: Type.String({ description: "A GUID to look up in the server's log." }),
  },
  { description: 'A refusal of the Fleet API, as RFC 9457 has it.' },
)
export type Problem = Static<typeof Problem>
