import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Environment } from './host.ts'

/** Integrity "high", of an administrator's elevated program, and "system", of services. */
const ELEVATED = /\bS-1-16-(12288|16384)\b/

/**
 * True for an elevated administrator and for the system's own account: by `whoami /groups`, whose numbers are the same
 * in every language.
 *
 * @see https://learn.microsoft.com/en-us/windows-server/identity/ad-ds/manage/understand-security-identifiers
 */
export function isElevated(env: Environment, run: (program: string) => string = listGroups): boolean {
  try {
    return ELEVATED.test(run(join(env.SystemRoot ?? 'C:\\Windows', 'System32', 'whoami.exe')))
  } catch {
    // Where nobody can say so, the agent keeps to what is the user's own.
    return false
  }
}

function listGroups(program: string): string {
  return execFileSync(program, ['/groups'], { encoding: 'latin1', windowsHide: true, timeout: 10_000 })
}
