import { runProgram } from '../../packages/testkit/src/child-program.ts'
import type { PreparedServer } from '../../packages/testkit/src/server-process.ts'

/** Lets the first application call as often as it likes, by the override that every operator has; it is audited. */
export async function raiseLimits({ dataDir, application }: PreparedServer): Promise<void> {
  const limits = ['--per-minute', '1000000', '--per-hour', '100000000']
  await runProgram('fleetsweep', ['applications', 'limits', application.id, ...limits, '--data', dataDir])
}
