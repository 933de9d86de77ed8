/** Names under which answers are kept; live events find them again by these. */
export const keys = {
  machines: (name: string) => ['machines', name] as const,
  me: ['me'] as const,
  engines: (machineIds: readonly string[]) => ['engines', machineIds] as const,
  scanPolicies: ['scanPolicies'] as const,
  machineActions: ['machineActions'] as const,
  scans: ['scan'] as const,
  scan: (actionId: string) => ['scan', actionId] as const,
  machineAction: (actionId: string) => ['machineAction', actionId] as const,
  quarantines: ['quarantine'] as const,
  quarantine: (machineId = '', state = '') => ['quarantine', machineId, state] as const,
  fileTask: (verb: string, id: string) => ['fileTask', verb, id] as const,
  machineTask: (taskId: string) => ['machineTask', taskId] as const,
  progress: (actionId: string) => ['progress', actionId] as const,
}
