import { userInfo } from 'node:os'
import type { AuditPrincipal } from '../audit/index.ts'

/** Whoever runs a local command, as the audit names them. */
export function localOperator(): AuditPrincipal {
  const id = String(process.getuid?.() ?? 'local')
  return { kind: 'operator', id, name: userName() ?? id }
}

function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that no user has; the number says enough then.
    return undefined
  }
}
