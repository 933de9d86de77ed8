import { existsSync } from 'node:fs'
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FakeServer, SwiftRuntime } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CliTestIo } from './cli-test-io.ts'

const HOUR_MS = 3_600_000

let server: FakeServer
let io: CliTestIo
let file: string

beforeEach(async () => {
  server = await new FakeServer().listen()
  io = new CliTestIo()
  file = join(io.configFolder, 'fleetsweep', 'sign-in.json')
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(io.configFolder, { recursive: true, force: true })
})

describe('fleetsweep login', () => {
  it('shows where to enter which code, waits, and says who signed in', async () => {
    expect(await login()).toBe(0)
    expect(io.stderr).toContain(`Open ${server.baseUrl}/contoso.example/device`)
    expect(io.stderr).toMatch(/enter the code [0-9A-F]{4}-[0-9A-F]{4}\nIt is good for 15 min\./)
    expect(io.stderr).toContain(`Signed in as Ada Lovelace (ada@contoso.example) at ${server.baseUrl}.`)
    expect(io.stdout).toBe('')
  })

  it('lets every other command go on as that person', async () => {
    server.addMachine({ computerDnsName: 'lab-01' })
    await login()
    expect(await io.run('scan lab-01')).toBe(0)
    expect(server.actions.size).toBe(1)
  })

  it('keeps the sign-in where nobody else can read it', async () => {
    await login()
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(io.configFolder, 'fleetsweep'))).mode & 0o777).toBe(0o700)
  })

  it('prints no token, for people or for programs', async () => {
    await login('--json')
    expect(io.json()).toEqual({
      url: server.baseUrl,
      tenant: server.tenant,
      userPrincipalName: 'ada@contoso.example',
      displayName: 'Ada Lovelace',
    })
    for (const token of server.tokens) expect(io.stderr + io.stdout).not.toContain(token)
  })

  it('asks for the tenant of a server that has several', async () => {
    server.people.onlyTenant = false
    expect(await io.run(`login --url ${server.baseUrl}`)).toBe(2)
    expect(io.stderr).toContain('--tenant or FLEETSWEEP_TENANT')
    expect(await login(`--tenant ${server.tenant}`)).toBe(0)
  })

  it('signs in again without being told where', async () => {
    await login()
    expect(await loginWith('login')).toBe(0)
  })

  it('ends the sign-in that it replaces', async () => {
    await login()
    await login()
    expect(server.people.signIns).toBe(1)
  })

  it.each([
    ['declined', 'SignInDeclined'],
    ['expired', 'fleetsweep login'],
  ] as const)('fails when the code was %s', async (state, words) => {
    expect(await loginWith(`login --url ${server.baseUrl}`, state)).toBe(1)
    expect(io.stderr).toContain(words)
    expect(existsSync(file)).toBe(false)
  })

  it('stops waiting when the person does', async () => {
    const code = io.run(`login --url ${server.baseUrl}`)
    await server.until(({ people }) => people.devices.size > 0)
    io.abort.abort()
    expect(await code).toBe(1)
    expect(io.stderr).toContain('Stopped.')
    expect(existsSync(file)).toBe(false)
  })

  it.each(['http://fleetsweep.example', 'http://10.0.0.1:8443'])(
    'sends no tokens over a network unencrypted: %s',
    async (url) => {
      expect(await io.run(`login --url ${url} --tenant contoso.example`)).toBe(2)
      expect(io.stderr).toContain('Use https')
    },
  )

  it('says that an application in the environment goes first', async () => {
    io.env = { ...io.env, FLEETSWEEP_CLIENT_ID: server.clientId }
    await login()
    expect(io.stderr).toContain('commands go on as that application')
  })

  it('trusts the certificate authority that it was given, and every later command does', async () => {
    io.files['ca.pem'] = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
    await login('--ca ca.pem')
    io.trusted = []
    await io.run('machines')
    expect(io.trusted).toEqual([io.files['ca.pem']])
  })
})

describe('a stored sign-in', () => {
  it('is renewed when its token is over, and kept for the next command', async () => {
    await login()
    io.aheadMs = 2 * HOUR_MS
    expect(await io.run('machines')).toBe(0)
    const { refreshToken } = JSON.parse(await readFile(file, 'utf8'))
    expect(await io.run('machines')).toBe(0)
    expect(JSON.parse(await readFile(file, 'utf8')).refreshToken).toBe(refreshToken)
  })

  it('survives many commands that find it over at once', async () => {
    await login()
    const commands = await Promise.all([1, 2, 3, 4, 5].map(() => another(2 * HOUR_MS).run('machines')))
    expect(commands).toEqual([0, 0, 0, 0, 0])
    expect(server.people.signIns).toBe(1)
  })

  it('says to sign in again once it has ended', async () => {
    await login()
    server.people.endAll()
    expect(await io.run('machines')).toBe(1)
    expect(io.stderr).toContain('Sign in again: fleetsweep login')
  })

  it('gives way to an application that is given', async () => {
    await login()
    io.env = { ...io.env, FLEETSWEEP_CLIENT_ID: server.clientId, FLEETSWEEP_CLIENT_SECRET: 'wrong' }
    expect(await io.run('machines')).toBe(2)
    expect(io.stderr).toContain('FLEETSWEEP_URL')
    io.env = { ...io.env, FLEETSWEEP_URL: server.baseUrl, FLEETSWEEP_TENANT: server.tenant }
    expect(await io.run('machines')).toBe(1)
    expect(io.stderr).toContain('AADSTS7000215')
  })

  it.each(['--url https://other.example', '--tenant other.example'])(
    'is used for no other server or tenant: %s',
    async (flag) => {
      await login()
      server.requests.length = 0
      expect(await io.run(`machines ${flag}`)).toBe(2)
      expect(io.stderr).toContain('Sign in there with: fleetsweep login')
      expect(server.requests).toEqual([])
    },
  )

  it('is refused when others could have read it, until it is ended', async () => {
    await login()
    await chmod(file, 0o640)
    server.requests.length = 0
    expect(await io.run('machines')).toBe(1)
    expect(io.stderr).toContain('is open to others (mode 640)')
    expect(server.requests).toEqual([])
    expect(await io.run('logout')).toBe(0)
    expect(server.people.signIns).toBe(0)
  })

  it('is refused when it is none', async () => {
    await login()
    await writeFile(file, '{"version":2}')
    expect(await io.run('machines')).toBe(1)
    expect(io.stderr).toContain('holds no sign-in')
    expect(await login()).toBe(0)
  })
})

describe('fleetsweep logout', () => {
  it('ends the sign-in here and at the server', async () => {
    await login()
    expect(await io.run('logout')).toBe(0)
    expect(io.stderr).toContain('Signed out: ada@contoso.example')
    expect(existsSync(file)).toBe(false)
    expect(server.people.signIns).toBe(0)
    expect(await io.run('machines')).toBe(2)
  })

  it('says when nobody is signed in', async () => {
    expect(await io.run('logout --json')).toBe(0)
    expect(io.json()).toEqual({ signedOut: false })
  })

  it('ends it here even when the server does not answer, and says so', async () => {
    await login()
    server.refuseNext({ path: /revoke/, status: 503 })
    expect(await io.run('logout')).toBe(1)
    expect(io.stderr).toContain('the server could not be told')
    expect(existsSync(file)).toBe(false)
  })
})

function login(flags = ''): Promise<number> {
  return loginWith(`login --url ${server.baseUrl} ${flags}`)
}

/** Signs in; the person decides at once. */
async function loginWith(line: string, decision: 'approved' | 'declined' | 'expired' = 'approved') {
  const runtime = new SwiftRuntime()
  runtime.meanwhile = () => {
    for (const { userCode } of server.people.devices.values()) server.people.decide(userCode, decision)
  }
  io.runtime = runtime
  return io.run(line)
}

/** Another terminal of the same person. */
function another(aheadMs: number): CliTestIo {
  return Object.assign(new CliTestIo(), { env: io.env, aheadMs })
}
