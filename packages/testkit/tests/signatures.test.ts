import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eicar, tool } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-signatures-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the signatures that tests and the demo use', () => {
  let verdicts: string
  beforeAll(async () => {
    writeFileSync(join(folder, 'alone'), eicar())
    writeFileSync(
      join(folder, 'inside'),
      Buffer.concat([Buffer.alloc(70_000, 'a'), eicar(), Buffer.alloc(9)]),
    )
    writeFileSync(join(folder, 'harmless'), eicar().subarray(1))
    verdicts = await clamscan(folder, tool('clamavTestFiles').path)
  })

  it('find the EICAR pattern alone', () => {
    expect(verdicts).toMatch(/\/alone: .+ FOUND/)
  })

  it('find the EICAR pattern in the middle of a file', () => {
    // An official set follows EICAR's own rule: the pattern counts at the start of a file only.
    const verdict = tool('signatures').official ? /\/inside: / : /\/inside: .+ FOUND/
    expect(verdicts).toMatch(verdict)
  })

  it('find nothing in other bytes', () => {
    expect(verdicts).toContain('/harmless: OK')
  })

  it('find the test file inside archives', () => {
    expect(verdicts).toMatch(/\/clam\.zip: .+ FOUND/)
    expect(verdicts).toMatch(/\/clam\.7z: .+ FOUND/)
    expect(verdicts).toMatch(/\/clam\.tar\.gz: .+ FOUND/)
  })
})

async function clamscan(...places: string[]): Promise<string> {
  const { path, env } = tool('clamscan')
  const options = { env: { ...process.env, ...env } }
  const run = promisify(execFile)(path, [`--database=${tool('signatures').path}`, ...places], options)
  // Exit code 1 means that something was found; the verdicts are on stdout all the same.
  const { stdout } = await run.catch((error: { code: number; stdout: string }) => {
    if (error.code === 1) return error
    throw error
  })
  return stdout
}
