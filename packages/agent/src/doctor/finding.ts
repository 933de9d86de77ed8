/** What the doctor says of one thing; the sentences are for people. */
export type Finding = {
  /** What was looked at, in a word or two. */
  check: string
  level: 'pass' | 'warn' | 'fail'
  says: string
  /** What to do about it; absent where there is nothing to do. */
  todo?: string
}

/** A finding of a check whose name is added by the caller. */
export type Result = Omit<Finding, 'check'>

export function pass(says: string): Result {
  return { level: 'pass', says }
}

/** It works, but not as well as it might, or it is about to fail. */
export function warn(says: string, todo: string): Result {
  return { level: 'warn', says, todo }
}

/** It keeps the agent from its work. */
export function fail(says: string, todo: string): Result {
  return { level: 'fail', says, todo }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
