import { Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'

/** Longest line either side reads, in characters; one that sends more is hung up on. The longest report fits. */
export const MAX_CONTROL_LINE = 512 * 1024

/** What a local program asks: one line, the only one of its connection. */
export const ControlRequest = Type.Object(
  { command: Type.String({ maxLength: 64 }), args: Type.Unknown() },
  { additionalProperties: false },
)

/** What the agent answers: any number of `news`, then one of the others, then the end of the connection. */
export const ControlAnswer = Type.Union([
  Type.Object({ kind: Type.Literal('news'), value: Type.Unknown() }),
  Type.Object({ kind: Type.Literal('done'), value: Type.Unknown() }),
  Type.Object({ kind: Type.Literal('refused'), message: Type.String() }),
])
export type ControlAnswer = Type.Static<typeof ControlAnswer>

export const controlRequest = new LazySchema(ControlRequest)
export const controlAnswer = new LazySchema(ControlAnswer)
