/** One argument of a system call, as far as replaying needs it. */
export type Argument =
  | { kind: 'bytes'; bytes: Buffer }
  /** A descriptor and what it stands for: a path, or `socket:[4711]`. */
  | { kind: 'descriptor'; number: number; names: string }
  /** Numbers, flags, structures: as they were printed. */
  | { kind: 'text'; text: string; bytes: Buffer }

/** One call that returned. `start` and `end` order calls of all threads: what ended before another started came first. */
export type SystemCall = {
  thread: number
  name: string
  arguments: Argument[]
  result: number
  /** What a descriptor that the call returned stands for. */
  resultNames: string | undefined
  start: number
  end: number
}

/** What `parseStrace` understands: strings whole and in hexadecimal, descriptors with their paths. */
export const STRACE_FORMAT = ['-f', '-xx', '-y', '-s', '4194304'] as const

/**
 * Reads the output of strace (`STRACE_FORMAT`), whose lines stand in the order in which calls began and returned.
 * Calls that never returned are left out.
 */
export function parseStrace(output: string): SystemCall[] {
  const calls: SystemCall[] = []
  const unfinished = new Map<string, { text: string; start: number }>()
  output.split('\n').forEach((line, at) => {
    const match = /^(\d+) +(.*)$/s.exec(line)
    const [, thread = '', rest = ''] = match ?? []
    if (rest.endsWith('<unfinished ...>')) {
      unfinished.set(thread, { text: rest.slice(0, -'<unfinished ...>'.length), start: at })
      return
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest)
    const begun = unfinished.get(thread)
    if (resumed && begun) unfinished.delete(thread)
    const text = resumed ? `${begun?.text ?? ''}${resumed[1] ?? ''}` : rest
    const call = parseCall(text)
    if (call)
      calls.push({ ...call, thread: Number(thread), start: resumed ? (begun?.start ?? at) : at, end: at })
  })
  return calls
}

const shape = /^(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)(?:<([^>]*)>)?/s

function parseCall(text: string): Omit<SystemCall, 'thread' | 'start' | 'end'> | undefined {
  const [, name, list, result, resultNames] = shape.exec(text) ?? []
  if (name === undefined || list === undefined || result === undefined || result === '?') return undefined
  return {
    name,
    arguments: splitArguments(list).map(parseArgument),
    result: Number(result),
    resultNames: resultNames === undefined ? undefined : unhex(resultNames).toString(),
  }
}

/** Splits at the commas that stand in no bracket; strings and paths are hexadecimal, so they hold none. */
function splitArguments(list: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < list.length; at += 1) {
    const character = list[at]
    if (character === '[' || character === '{' || character === '(') depth += 1
    else if (character === ']' || character === '}' || character === ')') depth -= 1
    else if (character === ',' && depth === 0) {
      parts.push(list.slice(from, at).trim())
      from = at + 1
    }
  }
  const last = list.slice(from).trim()
  return last === '' ? parts : [...parts, last]
}

function parseArgument(text: string): Argument {
  const string = /^"([^"]*)"$/.exec(text)
  if (string) return { kind: 'bytes', bytes: unhex(string[1] ?? '') }
  const descriptor = /^(\d+|AT_FDCWD)<([^>]*)>$/.exec(text)
  if (descriptor) {
    const [, number = '', names = ''] = descriptor
    return {
      kind: 'descriptor',
      number: number === 'AT_FDCWD' ? -1 : Number(number),
      names: unhex(names).toString(),
    }
  }
  const strings = [...text.matchAll(/"([^"]*)"/g)].map(([, hex = '']) => unhex(hex))
  return { kind: 'text', text, bytes: Buffer.concat(strings) }
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}
