import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How a program ended, and what it said on both outputs; the code is null when it was ended. */
export type Ended = { code: number | null; output: string }

const MOST_CHARACTERS = 200_000

/** Where a program of ClamAV is; its bare name where it is nowhere, so that starting it says so. */
export function findProgram(name: string, env: NodeJS.ProcessEnv): string {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  return (
    folders
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name))
      .find(existsSync) ?? name
  )
}

/**
 * Runs a program to its end, without anything of this process but `PATH`.
 *
 * @returns undefined when it cannot be started
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<Ended | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal ? { signal } : {}),
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = `${output}${text}`.slice(0, MOST_CHARACTERS)
      })
    }
    let isStarted = true
    child.once('error', () => {
      isStarted = child.pid !== undefined
      if (!isStarted) resolve(undefined)
    })
    child.once('close', (code) => resolve(isStarted ? { code, output } : undefined))
  })
}
