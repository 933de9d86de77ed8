import { FakeServer } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../src/index.ts'
import { CliTestIo } from './cli-test-io.ts'

let server: FakeServer
let io: CliTestIo

beforeEach(async () => {
  server = await new FakeServer().listen()
  io = new CliTestIo(server)
})
afterEach(() => server[Symbol.asyncDispose]())

describe('connecting', () => {
  it('takes flags before the environment', async () => {
    io.env = { ...io.env, FLEETSWEEP_URL: 'http://127.0.0.1:9', FLEETSWEEP_CLIENT_SECRET: 'wrong' }
    io.files.secret = `${server.clientSecret}\n`
    expect(await io.run(`machines --url ${server.baseUrl} --client-secret-file secret --json`)).toBe(0)
  })

  it('names everything that is missing', async () => {
    const bare = new CliTestIo()
    expect(await bare.run('machines')).toBe(2)
    for (const name of ['_URL', '_TENANT', '_CLIENT_ID', '_CLIENT_SECRET']) {
      expect(bare.stderr).toContain(`FLEETSWEEP${name}`)
    }
  })

  it('trusts the certificate authority that it is given', async () => {
    io.env.FLEETSWEEP_CA = 'ca.pem'
    io.files['ca.pem'] = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
    await io.run('machines')
    expect(io.trusted).toEqual([io.files['ca.pem']])
  })

  it.each([
    ['FLEETSWEEP_CA', 'missing.pem', 'cannot be read'],
    ['FLEETSWEEP_CA', 'not.pem', 'holds no certificate'],
    ['FLEETSWEEP_URL', 'fleetsweep.example', 'https://fleetsweep.example'],
  ])('refuses %s=%s before it calls anybody', async (name, value, message) => {
    io.env[name] = value
    io.files['not.pem'] = 'hello'
    expect(await io.run('machines')).toBe(2)
    expect(io.stderr).toContain(message)
    expect(server.requests).toEqual([])
  })

  it('says what to check when the server gives no token', async () => {
    io.env.FLEETSWEEP_CLIENT_SECRET = 'wrong'
    expect(await io.run('machines')).toBe(1)
    expect(io.stderr).toContain('AADSTS7000215')
    expect(io.stderr).toContain('FLEETSWEEP_TENANT')
    expect(io.stderr).not.toContain('wrong')
  })

  it('says what to check when nobody answers', async () => {
    await server[Symbol.asyncDispose]()
    expect(await io.run('machines')).toBe(1)
    expect(io.stderr).toContain('ECONNREFUSED')
    expect(io.stderr).toContain('FLEETSWEEP_URL')
    await server.listen()
  })
})

describe('asking for help', () => {
  it('lists the commands of this program and of its other parts', async () => {
    const others = [{ name: 'server', summary: 'Run the server' }]
    expect(await runCli(['help'], io, others)).toBe(0)
    for (const name of [
      'scan',
      'machines',
      'actions',
      'cancel',
      'report',
      'detections',
      'tokens',
      'server',
    ]) {
      expect(io.stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    }
  })

  it('counts as misuse when nothing was asked at all', async () => {
    expect(await io.run('')).toBe(2)
    expect(io.stdout).toBe('')
    expect(io.stderr).toContain('Usage: fleetsweep')
  })

  it('explains one command, without a server', async () => {
    const bare = new CliTestIo()
    expect(await bare.run('scan --help')).toBe(0)
    expect(bare.stdout).toContain('--type <quick|full|custom>')
  })

  it('points to the list for a command that does not exist', async () => {
    expect(await io.run('sweep')).toBe(2)
    expect(io.stderr).toContain('fleetsweep help')
  })
})
