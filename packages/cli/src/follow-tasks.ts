import type { RequestedTask } from '@fleetsweep/protocol'
import type { CommandContext } from './command.ts'
import { renderMachineTasks } from './render/machine-task.ts'

/**
 * Prints the tasks that were asked for; with `--wait` once they have ended.
 *
 * @returns the exit code: 1 when one of them was waited for and did not succeed
 */
export async function followTasks(
  { io, client, options, json }: CommandContext,
  asked: readonly RequestedTask[],
): Promise<number> {
  const mustEnd = options.wait === true
  const signal = { signal: io.signal }
  const { machineTasks } = client
  const tasks = await Promise.all(
    asked.map(({ taskId }) =>
      mustEnd ? machineTasks.wait(taskId, signal) : machineTasks.get(taskId, signal),
    ),
  )
  io.out(json ? `${JSON.stringify(tasks, null, 2)}\n` : renderMachineTasks(tasks))
  return mustEnd && tasks.some(({ status }) => status !== 'Succeeded') ? 1 : 0
}
