import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { platformRuntime } from '@fleetsweep/client'
import { SwiftRuntime } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withFileLock } from '../src/sign-in/file-lock.ts'

const signal = new AbortController().signal
const { clock } = platformRuntime()

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetsweep-lock-'))
  path = join(folder, 'sign-in.json.lock')
})
afterEach(() => rm(folder, { recursive: true }))

describe('the lock of a sign-in', () => {
  it('lets in one at a time, also within a process', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await new Promise(setImmediate)
      inside -= 1
    }
    await Promise.all([1, 2, 3, 4].map(() => withFileLock(path, { clock, signal }, work)))
    expect(most).toBe(1)
  })

  it('is free again after work that failed', async () => {
    const failing = withFileLock(path, { clock, signal }, () => Promise.reject(new Error('broken')))
    await expect(failing).rejects.toThrow('broken')
    expect(await withFileLock(path, { clock, signal }, async () => 'in')).toBe('in')
  })

  it('is free again the moment that its process is killed', async () => {
    await using other = await holder()
    await other.kill()
    expect(await withFileLock(path, { clock, signal }, async () => 'in')).toBe('in')
  })

  it('is not waited for without end', async () => {
    await using _other = await holder()
    const swift = new SwiftRuntime()
    const waiting = withFileLock(path, { clock: swift.clock, signal }, async () => 'in')
    await expect(waiting).rejects.toThrow('too long')
  })

  it('is not waited for by somebody who has stopped', async () => {
    await using _other = await holder()
    const abort = new AbortController()
    const waiting = withFileLock(path, { clock, signal: abort.signal }, async () => 'in')
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})

/**
 * Another process that holds the lock until it is killed. Its timer refers to what it waits for: a promise that nothing
 * refers to is collected, and the lock with it.
 */
async function holder() {
  const module = join(import.meta.dirname, '../src/sign-in/file-lock.ts')
  const program = `
    import { withFileLock } from ${JSON.stringify(module)}
    import { platformRuntime } from '@fleetsweep/client'
    const { clock } = platformRuntime()
    await withFileLock(${JSON.stringify(path)}, { clock, signal: new AbortController().signal }, () => {
      process.stdout.write('held')
      const held = new Promise(() => {})
      setInterval(() => held, 1e6)
      return held
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { kill, [Symbol.asyncDispose]: kill }
}
