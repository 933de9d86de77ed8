import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { SOURCE_PROGRAMS } from '@fleetsweep/testkit'

export type CliEnd = { code: number | null; out: string; err: string }

/** The command line as somebody uses it: processes that share a folder for their sign-in. */
export class CliProgram {
  readonly #env: NodeJS.ProcessEnv

  /** @param configFolder where the sign-in is kept */
  constructor(configFolder: string) {
    const { PATH } = process.env
    this.#env = { PATH, XDG_CONFIG_HOME: configFolder }
  }

  run(...args: string[]): Promise<CliEnd> {
    return this.start(...args).ended
  }

  /** Starts a command; `said` settles with the first match in what it says to people. */
  start(...args: string[]): { said(pattern: RegExp): Promise<RegExpExecArray>; ended: Promise<CliEnd> } {
    const program = join(SOURCE_PROGRAMS.folder, 'fleetsweep.ts')
    const child = spawn(process.execPath, [program, ...args], { env: this.#env, stdio: 'pipe' })
    const end: CliEnd = { code: null, out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      end.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      end.err += text
    })
    const ended = new Promise<CliEnd>((resolve) => {
      child.on('close', (code) => resolve({ ...end, code }))
    })
    return {
      ended,
      said: (pattern) =>
        new Promise((resolve, reject) => {
          const look = () => {
            const found = pattern.exec(end.err)
            if (found) resolve(found)
          }
          child.stderr.on('data', look)
          look()
          void ended.then(() => reject(new Error(`fleetsweep ${args[0]} only said: ${end.err}`)))
        }),
    }
  }
}
