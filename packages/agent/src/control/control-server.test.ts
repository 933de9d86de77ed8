import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../os/logger.ts'
import { askAgent } from './ask-agent.ts'
import { ControlRefusal, controlCommand } from './control-command.ts'
import { MAX_CONTROL_LINE } from './control-message.ts'
import { ControlServer } from './control-server.ts'
import { controlSocketPath } from './control-socket.ts'

describe('asking the running agent', () => {
  let stateDir: string
  let server: ControlServer
  let hungUp: Promise<void>

  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'fleetsweep-control-'))
    const left = Promise.withResolvers<void>()
    hungUp = left.promise
    // What a killed agent leaves behind.
    writeFileSync(controlSocketPath(stateDir), '')
    const commands = {
      add: controlCommand(Type.Object({ a: Type.Integer(), b: Type.Integer() }), ({ a, b }, { news }) => {
        news('adding')
        return a + b
      }),
      refuse: controlCommand(Type.Null(), () => {
        throw new ControlRefusal('Not today.')
      }),
      break: controlCommand(Type.Null(), () => {
        throw new Error('a secret of the inside')
      }),
      wait: controlCommand(Type.Null(), async (_, { news, signal }) => {
        news('waiting')
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        left.resolve()
      }),
    }
    server = new ControlServer(
      stateDir,
      commands,
      createLogger('error', () => {}),
    )
    await server.start()
  })

  afterEach(async () => {
    await server.close()
    rmSync(stateDir, { recursive: true, force: true })
  })

  it('answers with news on the way, then the result', async () => {
    const news: unknown[] = []
    const args = { a: 2, b: 3 }
    expect(await askAgent({ stateDir, command: 'add', args, onNews: (value) => news.push(value) })).toBe(5)
    expect(news).toEqual(['adding'])
  })

  it('is for the owner of the state folder only', () => {
    expect(statSync(controlSocketPath(stateDir)).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['a command that is not in the list', 'toString', null, /knows no such command/],
    ['arguments of another shape', 'add', { a: 'two', b: 3 }, /another version/],
    ['what the command refuses', 'refuse', null, /^Not today\.$/],
    [
      'what breaks, without a word of the inside',
      'break',
      null,
      /^The agent could not do it; its log has the/,
    ],
  ])('refuses %s', async (_, command, args, message) => {
    await expect(askAgent({ stateDir, command, args })).rejects.toThrow(message)
  })

  it('tells the command when the asker hangs up', async () => {
    const asker = new AbortController()
    const asked = askAgent({
      stateDir,
      command: 'wait',
      args: null,
      signal: asker.signal,
      onNews: () => asker.abort(),
    })
    await expect(asked).rejects.toThrow()
    await hungUp
  })

  it.each([
    ['a line without end', 'x'.repeat(MAX_CONTROL_LINE + 1)],
    ['a second request', '{"command":"wait","args":null}\n{"command":"wait","args":null}\n'],
  ])('hangs up on %s', async (_, text) => {
    const socket = connect(controlSocketPath(stateDir))
    socket.on('error', () => {})
    socket.resume()
    socket.write(text)
    await new Promise((resolve) => socket.on('close', resolve))
    expect(await askAgent({ stateDir, command: 'add', args: { a: 1, b: 1 } })).toBe(2)
  })

  it('says so when no agent is running', async () => {
    await server.close()
    await expect(askAgent({ stateDir, command: 'add', args: { a: 1, b: 1 } })).rejects.toThrow(
      /No agent is running on .*Start it with/,
    )
  })
})
