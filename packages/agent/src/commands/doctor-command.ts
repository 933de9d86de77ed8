import { examine } from '../doctor/doctor.ts'
import type { Finding } from '../doctor/finding.ts'
import { safeText } from '../status/words.ts'
import type { CommandContext } from './program.ts'

/**
 * `fleetsweep-agent doctor`: what stands in the agent's way on this machine, and what to do about it.
 *
 * @returns the exit code: 0 when nothing does, 1 otherwise
 */
export async function runDoctorCommand(
  context: CommandContext,
  { json }: { json: boolean },
): Promise<number> {
  const findings = await examine(context)
  const isWell = findings.every(({ level }) => level !== 'fail')
  context.io.stdout(
    json ? `${JSON.stringify({ isWell, findings }, null, 2)}\n` : findings.map(findingText).join(''),
  )
  return isWell ? 0 : 1
}

function findingText({ check, level, says, todo }: Finding): string {
  const advice = todo === undefined ? '' : `${' '.repeat(21)}→ ${safeText(todo)}\n`
  return `${level}  ${check.padEnd(13)}  ${safeText(says)}\n${advice}`
}
