import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { instantFromMs } from '@fleetsweep/protocol'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { runServerMain } from '../src/main.ts'
import { clientCertificate } from './client-certificate.ts'
import { fleetsweep, type Ran, ServerProcess, type WireAnswer, wire } from './program.ts'

type Initialised = {
  origin: string
  tenant: { id: string; domain: string }
  application: { id: string; secret: string; permissions: readonly string[] }
  administrator: { userId: string; userPrincipalName: string; url: string }
  caFile: string | null
}

let folder = ''
let dataDir = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetsweep-set-up-'))
  dataDir = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function init(...options: string[]): Promise<Initialised> {
  const ran = await run(['init', '--data', dataDir, '--json', ...options])
  expect(ran).toMatchObject({ code: 0, err: '' })
  return JSON.parse(ran.out)
}

/** Runs a command as the program does, in this process. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const said = { out: '', err: '' }
  const code = await runServerMain(args, {
    env,
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
  })
  return { code, ...said }
}

function askForToken(origin: string, made: Initialised, ca?: string): Promise<WireAnswer> {
  return wire(`POST ${origin}/${made.tenant.domain}/oauth2/v2.0/token`, {
    ...(ca === undefined ? {} : { ca }),
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: made.application.id,
      client_secret: made.application.secret,
      scope: 'https://api.securitycenter.microsoft.com/.default',
    }).toString(),
  })
}

describe('fleetsweep init', () => {
  it('sets up a server that gives its first application a token and an empty list, over TLS', async () => {
    const ran = await fleetsweep(['init', '--data', dataDir, '--json', '--host', 'fleet.example'])
    const made: Initialised = JSON.parse(ran.out)
    const ca = readFileSync(made.caFile ?? '', 'utf8')
    await using server = await ServerProcess.start(dataDir)
    const origin = `https://localhost:${server.port}`
    expect(server.origins).toContain(origin)
    expect(server.origins[0]).toBe(`https://fleet.example:${server.port}`)

    const token = JSON.parse((await askForToken(origin, made, ca)).body)
    const headers = { authorization: `Bearer ${token.access_token}` }
    const machines = await wire(`GET ${origin}/api/machines`, { ca, headers })
    expect(machines.status).toBe(200)
    expect(JSON.parse(machines.body)).toMatchObject({ value: [] })
    const detections = await wire(`GET ${origin}/fleet/v1/detections`, { ca, headers })
    expect(JSON.parse(detections.body)).toEqual({ items: [], nextCursor: null })

    // Whoever does not trust the CA, or speaks no TLS, gets nothing.
    await expect(wire(`GET ${origin}/`)).rejects.toThrow(/certificate/)
    await expect(wire(`GET http://localhost:${server.port}/`)).rejects.toThrow()
  })

  it('keeps keys to itself and shows the secret nowhere else', async () => {
    const made = await init()
    const mode = (name: string) => (statSync(join(dataDir, name)).mode & 0o777).toString(8)
    expect([mode('.'), mode('sealing.key'), mode('tls/ca.key'), mode('tls/server.key')]).toEqual([
      '700',
      '600',
      '600',
      '600',
    ])
    for (const name of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
      const path = join(dataDir, name)
      if (statSync(path).isFile()) expect(readFileSync(path, 'latin1')).not.toContain(made.application.secret)
    }
  })

  it('changes nothing the second time, and says how to add an application', async () => {
    await init('--no-tls')
    const before = readFileSync(join(dataDir, 'sealing.key'), 'utf8')
    const second = await run(['init', '--data', dataDir])
    expect(second).toMatchObject({ code: 1, out: '' })
    expect(second.err).toContain('fleetsweep applications create <name>')
    expect(second.err).toContain(`fleetsweep recover-application --data ${dataDir}`)
    expect(readFileSync(join(dataDir, 'sealing.key'), 'utf8')).toBe(before)
  })

  it('takes back what it made when it fails half-way', async () => {
    const failed = await run(['init', '--data', dataDir, '--database', 'postgres://nobody@127.0.0.1:1/x'])
    expect(failed.code).toBe(1)
    expect(failed.err).toContain('ECONNREFUSED')
    expect(readdirSync(dataDir, { recursive: true }).filter((name) => name !== 'tls')).toEqual([])
    await init('--no-tls')
  })

  it('makes a certificate that names the aliases, which stand for no origin of the server itself', async () => {
    const made = await init(
      '--host',
      'fleet.example',
      '--alias',
      'gcc',
      '--alias',
      'login.microsoftonline.com',
    )
    const ca = readFileSync(made.caFile ?? '', 'utf8')
    await using server = await ServerProcess.start(dataDir)
    const hosts = ['api-gcc.securitycenter.microsoft.us', 'login.microsoftonline.com']
    expect(server.origins).toEqual([
      ...['fleet.example', 'localhost', '127.0.0.1', '[::1]'].map((name) => `https://${name}:${server.port}`),
      ...hosts.map((name) => `https://${name}`),
    ])
    for (const servername of hosts) {
      const socket = connectTls({ port: server.port, host: '127.0.0.1', servername, ca })
      await once(socket, 'secureConnect')
      socket.destroy()
    }
    const other = connectTls({ port: server.port, servername: 'api.security.microsoft.com', ca })
    await expect(once(other, 'secureConnect')).rejects.toThrow(/does not match certificate/)
  })

  it('takes a certificate of yours, and refuses one that does not fit its key', async () => {
    await init('--host', 'fleet.example')
    const tls = (name: string) => join(folder, 'mine', 'tls', name)
    const mine = dataDir
    dataDir = join(folder, 'mine')
    await init('--host', 'other.example')
    const wrong = await run([
      ...['init', '--data', join(folder, 'third')],
      ...['--tls-cert', tls('server.crt'), '--tls-key', join(mine, 'tls/server.key')],
    ])
    expect(wrong).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not belong to the certificate'),
    })
    dataDir = join(folder, 'third')
    const fromHere = (name: string) => relative(process.cwd(), tls(name))
    const made = await init('--tls-cert', fromHere('server.crt'), '--tls-key', fromHere('server.key'))
    expect(made).toMatchObject({ origin: 'https://other.example:8443', caFile: null })
  })

  it.each([
    [['--bogus'], 2, /Unknown option '--bogus'/],
    [['--tls-cert', 'a.pem'], 2, /--tls-cert and --tls-key go together/],
    [['--host', 'https://fleet.example'], 1, /--host takes a name/],
    [['--tenant-domain', 'API'], 1, /"API" cannot be a tenant/],
    [['--host', 'api.security.microsoft.com'], 1, /If it shall lead here: --alias api.security/],
    [['--alias', 'bank.example'], 1, /aliases.api .* must be a list of commercial/],
    [['--no-tls', '--alias', 'gcc'], 1, /aliases are names that clients reach over TLS alone/],
    [['--no-tls', '--listen', '0.0.0.0:80'], 1, /listens on loopback only/],
  ])('refuses %j in words', async (options, code, words) => {
    const ran = await run(['init', '--data', dataDir, ...options])
    expect(ran).toMatchObject({ code, err: expect.stringMatching(words) })
    expect(existsSync(join(dataDir, 'sealing.key'))).toBe(false)
  })
})

describe('fleetsweep server', () => {
  it('does not start where nothing was set up, and says what to do', async () => {
    const ran = await run(['server', '--data', dataDir])
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('fleetsweep init') })
  })

  it('does not start when others may read its sealing key', async () => {
    await init('--no-tls')
    chmodSync(join(dataDir, 'sealing.key'), 0o644)
    const ran = await run(['server', '--data', dataDir, '--port', '0'])
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('chmod 600') })
  })

  it('does not speak plain HTTP to the network unless a proxy stands in front', async () => {
    await init('--no-tls')
    const env = { FLEETSWEEP_LISTEN: '0.0.0.0:0' }
    const refused = await run(['server', '--data', dataDir], env)
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('trustedProxies') })
    await using server = await ServerProcess.start(dataDir, {
      ...env,
      FLEETSWEEP_TRUSTED_PROXIES: '10.0.0.5',
      FLEETSWEEP_PUBLIC_ORIGINS: 'https://fleet.example',
    })
    expect(server.origins).toEqual(['https://fleet.example'])
  })

  it('says what to do when its port is in use', async () => {
    await init('--no-tls')
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const ran = await run(['server', '--data', dataDir, '--port', String(port)])
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining('in use. Give another port with --port'),
    })
  })

  it('does not start with a sealing key that is not the one it was set up with', async () => {
    await init('--no-tls')
    writeFileSync(join(dataDir, 'sealing.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`)
    const ran = await run(['server', '--data', dataDir, '--port', '0'])
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not open with this sealing key'),
    })
  })
})

describe('fleetsweep applications', () => {
  /** What the command line signs in with. */
  const signedIn = ({ tenant, application }: Initialised, { port }: ServerProcess) => ({
    FLEETSWEEP_URL: `http://localhost:${port}`,
    FLEETSWEEP_TENANT: tenant.id,
    FLEETSWEEP_CLIENT_ID: application.id,
    FLEETSWEEP_CLIENT_SECRET: application.secret,
  })

  it('registers a program, gives it a second secret and takes the first, without a pause for it', async () => {
    const made = await init('--no-tls')
    await using server = await ServerProcess.start(dataDir)
    const origin = `http://localhost:${server.port}`
    const command = async (...args: string[]) => {
      const ran = await fleetsweep(['applications', ...args], signedIn(made, server))
      expect(ran).toMatchObject({ code: 0 })
      return ran.out
    }
    const created = JSON.parse(await command('create', 'Lab', '--permission', 'Machine.Read.All', '--json'))
    const withSecret = (secret: string) =>
      askForToken(origin, { ...made, application: { ...created, secret } })
    const answer = await withSecret(created.secret.secret)
    const [, claims = ''] = JSON.parse(answer.body).access_token.split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString()).roles).toEqual(['Machine.Read.All'])

    const second = (await command('secrets', 'add', created.id, '--expires', '30d')).trim()
    expect((await withSecret(created.secret.secret)).status).toBe(200)
    expect((await withSecret(second)).status).toBe(200)
    await command('secrets', 'revoke', created.id, created.secret.id)
    expect((await withSecret(created.secret.secret)).status).toBe(401)
    expect((await withSecret(second)).status).toBe(200)
    expect(await command('list')).toContain('Lab')
    const { pem, sha1 } = await clientCertificate(instantFromMs(Date.now()))
    writeFileSync(join(folder, 'lab.pem'), pem)
    const certificate = (await command('certificates', 'add', created.id, join(folder, 'lab.pem'))).trim()
    const shown = await command('show', created.id)
    for (const part of [certificate, sha1.toString('hex').toUpperCase(), created.secret.hint]) {
      expect(shown).toContain(part)
    }
    expect(shown).not.toContain(second)
    await command('certificates', 'revoke', created.id, certificate)
    expect(await command('change', created.id, '--name', 'Laboratory')).toContain('Laboratory')
    await command('delete', created.id)
    expect((await withSecret(second)).status).toBe(400)
  })

  it('sets limits that the running server keeps to', async () => {
    const made = await init('--no-tls')
    await using server = await ServerProcess.start(dataDir)
    const origin = `http://localhost:${server.port}`
    const { access_token } = JSON.parse((await askForToken(origin, made)).body)
    const limits = ['applications', 'limits', made.application.id, '--per-minute', '2']
    expect(await fleetsweep(limits, signedIn(made, server))).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 a minute'),
    })
    const headers = { authorization: `Bearer ${access_token}` }
    const statuses: number[] = []
    for (let call = 1; call <= 3; call += 1) {
      statuses.push((await wire(`GET ${origin}/fleet/v1/detections`, { headers })).status)
    }
    expect(statuses).toEqual([200, 429, 429])
  })
})

describe('fleetsweep recover-application', () => {
  it('brings back whoever has locked themselves out, beside a running server', async () => {
    const made = await init('--no-tls')
    await using server = await ServerProcess.start(dataDir)
    const origin = `http://localhost:${server.port}`
    const administer = async (application: Initialised['application'], target: string) => {
      const { access_token } = JSON.parse((await askForToken(origin, { ...made, application })).body)
      const headers = { authorization: `Bearer ${access_token}` }
      return wire(`${target.replace(' ', ` ${origin}/fleet/v1/applications`)}`, { headers })
    }
    expect((await administer(made.application, `DELETE /${made.application.id}`)).status).toBe(204)
    const recovered = JSON.parse((await run(['recover-application', '--data', dataDir, '--json'])).out)
    const answer = await administer(recovered, 'GET ')
    expect(JSON.parse(answer.body)).toMatchObject({ items: [{ id: recovered.id, displayName: 'Recovery' }] })
  })
})

describe('fleetsweep recover', () => {
  it('lets in the first administrator, whom set-up made, and anybody else, beside a running server', async () => {
    const made = await init('--no-tls', '--administrator', 'ada@contoso.example')
    expect(made.administrator).toMatchObject({ userPrincipalName: 'ada@contoso.example' })
    await using server = await ServerProcess.start(dataDir)
    const at = ({ url }: { url: string }) => {
      const { pathname, search } = new URL(url)
      return `http://localhost:${server.port}${pathname}${search}`
    }
    const open = async (link: { url: string }) => (await wire(`GET ${at(link)}`)).status
    expect(await open(made.administrator)).toBe(200)
    const recover = async (...args: string[]) =>
      JSON.parse((await run(['recover', ...args, '--data', dataDir, '--json'])).out)
    const again = await recover('ADA@contoso.example')
    expect(again).toMatchObject({ userId: made.administrator.userId })
    expect([await open(made.administrator), await open(again)]).toEqual([404, 200])
    const other = await recover('bob@contoso.example')
    const body = new URLSearchParams({
      link: new URL(other.url).searchParams.get('link') ?? '',
      password: 'a word nobody says',
      again: 'a word nobody says',
    }).toString()
    expect((await wire(`POST ${at(other)}`, { body })).status).toBe(200)
    expect(await open(other)).toBe(404)
    expect((await run(['recover', 'not a name', '--data', dataDir])).err).toContain('is not a user name')
  })
})

describe('the program', () => {
  it.each([
    [['--version'], 0, /^fleetsweep \d+\.\d+\.\d+\n$/, ''],
    [['--help'], 0, /applications .*init .*server .*recover-application /s, ''],
    [['server', '--help'], 0, /Usage: fleetsweep server/, ''],
    [['nonsense'], 2, /^$/, /There is no command "nonsense"/],
  ])('answers %j', async (args, code, out, err) => {
    const ran = await fleetsweep(args)
    expect(ran.code).toBe(code)
    expect(ran.out).toMatch(out)
    expect(ran.err).toMatch(err)
  })
})
