import { ClientError } from '@fleetsweep/client'
import { type CommandContext, type CommandOptions, UsageError } from './command.ts'

/** What one command does, by the word after its name; each is given the arguments behind that word. */
export type Verbs = Readonly<Record<string, (context: CommandContext) => Promise<number>>>

/** @throws UsageError that names all verbs, when it is none of them */
export function runVerb(verbs: Verbs, context: CommandContext): Promise<number> {
  const [verb = '', ...args] = context.args
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!run) throw new UsageError(`Say one of ${Object.keys(verbs).join(', ')}.`)
  return run({ ...context, args })
}

/** Prints a result: JSON for programs, else what `render` makes of it. */
export function show<Value>({ io, json }: CommandContext, value: Value, render: (value: Value) => string): 0 {
  io.out(json ? `${JSON.stringify(value, null, 2)}\n` : render(value))
  return 0
}

/** Says that something was done: to people in words, to programs as JSON. */
export function done({ io, json }: CommandContext, result: object, sentence: string): 0 {
  if (json) io.out(`${JSON.stringify(result)}\n`)
  else io.err(`${sentence}\n`)
  return 0
}

/**
 * The one thing that somebody means by its id, or by its name in any case.
 *
 * @param kind what it is, and the command that lists all
 * @throws ClientError `ResourceNotFound` with where to look
 */
export function pick<Item extends { id: string | number; displayName: string }>(
  items: readonly Item[],
  text: string,
  kind: { what: string; command: string },
): Item {
  const wanted = text.toLowerCase()
  const found =
    items.find(({ id }) => String(id) === wanted) ??
    items.find(({ displayName }) => displayName.toLowerCase() === wanted)
  if (found) return found
  throw new ClientError(
    'ResourceNotFound',
    `There is no ${kind.what} "${text}". See them all with: fleetsweep ${kind.command} list`,
  )
}

/** Options that a change takes must be given: a change of nothing is a mistake. */
export function refuseEmptyChange(body: object, options: CommandOptions): void {
  if (Object.keys(body).length > 0) return
  const names = Object.keys(options).map((name) => `--${name}`)
  throw new UsageError(`Say what to change, with ${names.join(', ')}.`)
}
