import { type Static, Type } from 'typebox'

/** The longest that a call waits for the end of a machine action. */
export const MAX_WAIT_SECONDS = 300

/** Query of the reads of one machine action and of its scan. */
export const WaitQuery = Type.Object({
  // Not an `Integer`, to which a part of a second would be cut off without a word.
  wait: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: MAX_WAIT_SECONDS,
      multipleOf: 1,
      description:
        'Answer as soon as the action has ended, and after so many seconds in any case; at once when absent.',
    }),
  ),
})
export type WaitQuery = Static<typeof WaitQuery>
