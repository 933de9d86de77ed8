import type { Static, TSchema } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'

/** What a control command gets beside its arguments. */
export type ControlCall = {
  /** Tells the asker how far it is; nothing happens when the asker has gone. */
  news: (value: unknown) => void
  /** Aborted when the asker hangs up or the agent ends. */
  signal: AbortSignal
}

/** One thing that a program on this machine may ask of the running agent, its arguments not looked at yet. */
export type ControlCommand = (args: unknown, call: ControlCall) => Promise<unknown>

/** All that may be asked, by name. The list is closed: what is not in it is refused. */
export type ControlCommands = Readonly<Record<string, ControlCommand>>

/** A control command said no; the message goes to whoever asked, and says what to do. */
export class ControlRefusal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ControlRefusal'
  }
}

/**
 * Makes a control command whose arguments are checked before it runs.
 *
 * @param run answers what JSON can carry; throws `ControlRefusal` to say no
 */
export function controlCommand<Args extends TSchema>(
  schema: Args,
  run: (args: Static<Args>, call: ControlCall) => unknown,
): ControlCommand {
  const args = new LazySchema(schema)
  return async (value, call) => {
    if (!args.Check(value)) {
      throw new ControlRefusal('The agent does not understand this request: is it of another version?')
    }
    return await run(value, call)
  }
}
