import { findProgram, runProgram } from './run-program.ts'

/**
 * Asks ClamAV's `sigtool` whether a database is whole and signed by ClamAV.
 *
 * @param path must end in `.cvd`
 * @param env where `PATH` is looked up
 * @returns why it is not to be trusted, for people; undefined when it is
 */
export async function checkDatabase(path: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const program = findProgram('sigtool', env)
  const ended = await runProgram(program, [`--info=${path}`])
  if (ended === undefined) {
    return `there is no ${program}, which checks signatures. Install the package of ClamAV that holds it.`
  }
  // It says so after both, the checksum and the signature; its exit code alone is not relied on.
  if (ended.code === 0 && /^Verification OK\.?$/m.test(ended.output)) return undefined
  const error = /^(?:ERROR: |LibClamAV Error: )(.+)$/m.exec(ended.output)?.[1]
  return `ClamAV did not sign it as it stands${error === undefined ? '' : ` (${error.slice(0, 200)})`}.`
}
