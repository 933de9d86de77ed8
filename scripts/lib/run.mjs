import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { root, SetUpError } from './project.mjs'

/** Runs a program with our terminal and resolves to its exit code; Ctrl-C reaches it and we wait for its end. */
export function run(program, args, { env = {}, cwd = root, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    // What set-up runs talks on stderr, so that stdout stays free for results.
    const stdio = quiet ? ['ignore', 2, 2] : 'inherit'
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio })
    // The terminal sends Ctrl-C to both of us. The program decides how to end; its exit code is ours.
    const wait = () => {}
    const pass = () => child.kill('SIGTERM')
    process.on('SIGINT', wait)
    process.on('SIGTERM', pass)
    const done = () => {
      process.off('SIGINT', wait)
      process.off('SIGTERM', pass)
    }
    child.on('error', (error) => {
      done()
      reject(new SetUpError(`Cannot run ${program}: ${error.message}`))
    })
    child.on('exit', (code, signal) => {
      done()
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

/** Runs a program and returns what it printed; a failure carries what it complained about. */
export function read(program, args, { env = {} } = {}) {
  const result = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (result.error) throw new SetUpError(`Cannot run ${program}: ${result.error.message}`)
  if (result.status !== 0) {
    throw new SetUpError(
      `${program} ${args.slice(-3).join(' ')} failed (${result.status}):\n${result.stderr}`,
    )
  }
  return result.stdout
}
