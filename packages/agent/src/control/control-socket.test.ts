import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { askAgent } from './ask-agent.ts'
import { claimControlSocket, controlSocketPath } from './control-socket.ts'

it('is a pipe on Windows under a name that nobody can guess, which stands in the state folder', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'fleetsweep-control-'))
  expect(() => controlSocketPath(stateDir, 'win32')).toThrow('ENOENT')
  const first = claimControlSocket(stateDir, 'win32')
  expect(first).toMatch(/^\\\\\.\\pipe\\fleetsweep-agent-[0-9a-f-]{36}$/)
  expect(controlSocketPath(stateDir, 'win32')).toBe(first)
  expect(claimControlSocket(stateDir, 'win32')).not.toBe(first)
  rmSync(stateDir, { recursive: true })
})

it('is said to be nobody’s where no agent listens', async () => {
  const question = { stateDir: join(tmpdir(), 'fleetsweep-nobody'), command: 'status', args: null }
  await expect(askAgent(question)).rejects.toThrow(/No agent is running/)
})
