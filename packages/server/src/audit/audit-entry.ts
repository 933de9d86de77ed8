/** One change, who made it and to what. Written in the transaction of the change itself. */
export type AuditEntry = {
  id: string
  principal: AuditPrincipal
  /** Verb and noun, such as `machineAction.create`. */
  operation: string
  /** Id of what was changed. */
  target: string
  /** What a reader needs to understand the change; never a secret. */
  detail: Record<string, string | number | boolean | null | readonly string[]>
}

export type AuditPrincipal = {
  /** `server` for what happens by itself (a time-out), `machine` for what an agent caused, `operator` for local commands. */
  kind: 'application' | 'user' | 'machine' | 'server' | 'operator'
  id: string
  name: string
}
