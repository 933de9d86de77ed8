import { execFile } from 'node:child_process'

const TIMEOUT_MS = 3_000

/** Runs a tool of the operating system, without a shell; `undefined` where it is missing, fails or hangs. */
export function runTool(
  file: string,
  args: readonly string[],
  { timeoutMs = TIMEOUT_MS, env }: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, maxBuffer: 1024 * 1024, windowsHide: true, ...(env && { env }) }
    execFile(file, args, options, (error, stdout) => {
      resolve(error ? undefined : stdout.trim())
    })
  })
}
