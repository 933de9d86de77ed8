import { execFile } from 'node:child_process'

const TIMEOUT_MS = 3_000

/** Runs a tool of the operating system, without a shell; `undefined` where it is missing, fails or hangs. */
export function runTool(file: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: TIMEOUT_MS, maxBuffer: 1024 * 1024 }, (error, stdout) => {
      resolve(error ? undefined : stdout.trim())
    })
  })
}
