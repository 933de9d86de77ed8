import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'
import { DEFAULT_ATTACHMENTS } from './server-config.ts'
import { SETTINGS } from './settings.ts'

describe('the configuration of a server', () => {
  let dataDir = ''
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'fleetsweep-config-'))
  })
  afterEach(() => rmSync(dataDir, { recursive: true }))

  const load = (toml: string, env: NodeJS.ProcessEnv = {}, port?: number) => {
    writeFileSync(join(dataDir, 'fleetsweep.toml'), toml)
    return loadConfig(env, { dataDir, port })
  }

  it('is complete without a file', () => {
    expect(loadConfig({}, { dataDir })).toMatchObject({
      listen: { host: '0.0.0.0', port: 8443 },
      database: { kind: 'sqlite', path: join(dataDir, 'fleetsweep.db') },
      tls: { kind: 'files', certFile: join(dataDir, 'tls/server.crt') },
      timeouts: { pendingMs: 259_200_000, silenceMs: 259_200_000, checkpointSilenceMs: 604_800_000 },
      attachments: DEFAULT_ATTACHMENTS,
      trustedProxies: [],
      aliases: { api: [], login: [] },
      externalIssuers: [],
    })
  })

  it('takes the environment before the file and the command line before both', () => {
    const toml = 'listen = "127.0.0.1:1000"\nlogLevel = "warn"\n[timeouts]\npendingHours = 2\n'
    const config = load(toml, { FLEETSWEEP_LISTEN: '[::1]:2000', FLEETSWEEP_PENDING_HOURS: '1.5' }, 3000)
    expect(config.listen).toEqual({ host: '::1', port: 3000 })
    expect(config.timeouts.pendingMs).toBe(5_400_000)
    expect(config.logLevel).toBe('warn')
  })

  it.each([
    ['listen = 8443', /listen in .*fleetsweep.toml must be an address and a port.* It is 8443/],
    ['listen = "127.0.0.1:99999"', /ports end at 65535/],
    ['behindProxy = true', /sets behindProxy, which is there no more. .*trustedProxies = \[/],
    [
      'trustedProxies = ["proxy.example"]',
      /trustedProxies in .* must be a list of IP addresses and networks/,
    ],
    ['trustedProxies = ["10.0.0.0/33"]', /It is \["10.0.0.0\/33"\]/],
    ['publicOrigins = ["https://api.security.microsoft.com"]', /list it in aliases.api instead/],
    ['publicOrigins = ["https://login.microsoftonline.com"]', /list it in aliases.login instead/],
    ['aliases = { api = ["api.microsoft.com"] }', /aliases.api in .* must be a list of commercial, regional/],
    [
      'aliases = { login = ["login.example"] }',
      /aliases.login in .* must be true, false, or a list of login/,
    ],
    ['aliases = { apis = [] }', /sets aliases.apis, which does not exist/],
    ['databse = "sqlite"', /sets databse, which does not exist. It knows .*database/],
    ['timeouts = { pending = 3 }', /sets timeouts.pending, which does not exist/],
    ['tls = { cert = "a.pem" }', /tls in .* must be "off", or two PEM files/],
    ['publicOrigins = ["https://fleet.example/console"]', /publicOrigins .* must be a list of origins/],
    ['listen = ', /fleetsweep.toml cannot be read/],
  ])('says what is wrong with %s', (toml, words) => {
    expect(() => load(toml)).toThrow(words)
  })

  it('names the environment variable that is wrong', () => {
    expect(() => load('', { FLEETSWEEP_TRUSTED_PROXIES: '10.0.0.5, proxy' })).toThrow(
      /variable FLEETSWEEP_TRUSTED_PROXIES must be a list of IP addresses/,
    )
    expect(() => load('', { FLEETSWEEP_BEHIND_PROXY: 'true' })).toThrow(
      /variable FLEETSWEEP_BEHIND_PROXY is there no more/,
    )
  })

  it('keeps the password of a database out of its message', () => {
    expect(() => load('', { FLEETSWEEP_DATABASE: 'mysql://me:secret@db/x' })).toThrow(/mysql:\/\/me:…@db/)
  })

  it('knows the hosts of a cloud by its name, and every login host by true', () => {
    const { aliases } = load('aliases = { api = ["gcc", "api.security.microsoft.com", "gcc"], login = true }')
    expect(aliases).toEqual({
      api: ['api-gcc.securitycenter.microsoft.us', 'api.security.microsoft.com'],
      login: ['login.microsoftonline.com', 'login.microsoftonline.us', 'login.windows.net'],
    })
    const env = { FLEETSWEEP_API_ALIASES: 'commercial', FLEETSWEEP_LOGIN_ALIASES: 'login.windows.net' }
    expect(load('', env).aliases).toEqual({
      api: [
        'api.security.microsoft.com',
        'api.securitycenter.microsoft.com',
        'api.securitycenter.windows.com',
      ],
      login: ['login.windows.net'],
    })
    expect(load('', { FLEETSWEEP_LOGIN_ALIASES: 'false' }).aliases.login).toEqual([])
  })

  describe('with external issuers', () => {
    const issuer = (members: string) =>
      `[[externalIssuers]]\nissuer = "https://id.example/realms/lab"\ntenant = "contoso.example"\n${members}`
    const audiences = 'audiences = ["api://fleetsweep"]\n'

    it('knows what each says in its own words', () => {
      const toml = issuer(
        `${audiences}claims = { roles = "realm_access.roles" }\napplications = { claim = "client_id" }\n` +
          'permissions = { "fleet-reader" = ["Machine.Read.All"] }',
      )
      expect(load(toml).externalIssuers).toEqual([
        {
          issuer: 'https://id.example/realms/lab',
          audiences: ['api://fleetsweep'],
          tenant: 'contoso.example',
          jwksUri: null,
          caPem: null,
          claims: { roles: 'realm_access.roles' },
          applications: { claim: 'client_id' },
          permissions: new Map([['fleet-reader', ['Machine.Read.All']]]),
        },
      ])
    })

    it('takes them from the environment as JSON', () => {
      const entry = { issuer: 'http://127.0.0.1:9', audiences: ['x'], tenant: 't' }
      const env = { FLEETSWEEP_EXTERNAL_ISSUERS: JSON.stringify([entry]) }
      expect(load('', env).externalIssuers).toMatchObject([entry])
      expect(() => load('', { FLEETSWEEP_EXTERNAL_ISSUERS: '[' })).toThrow(/must be a list of issuers/)
    })

    it.each([
      ['audiences = []', /In entry 1, audiences must not have fewer than 1 items/],
      ['audience = "x"', /In entry 1/],
      [`${audiences}claims = { role = "roles" }`, /In entry 1, claims/],
      [`${audiences}permissions = { reader = ["Machine.Read"] }`, /In entry 1, permissions\.reader/],
      ['audiences = ["https://api.security.microsoft.com/"]', /an audience of Microsoft's/],
      ['audiences = ["fc780465-2017-40d4-a0c5-307022471b92"]', /an audience of Microsoft's/],
      [`${audiences}jwksUri = "http://id.example/keys"`, /must be an https address/],
      [`${audiences}caFile = "nowhere.pem"`, /nowhere.pem, which cannot be read/],
      [`${audiences}caFile = "fleetsweep.toml"`, /which holds no certificate/],
      [`${audiences}${issuer(audiences)}`, /for api:\/\/fleetsweep twice/],
    ])('says what is wrong with %s', (members, words) => {
      expect(() => load(issuer(members))).toThrow(words)
    })

    it.each(['http://id.example', 'id.example', 'https://id.example?x=1', 'file:///etc/passwd'])(
      'refuses the issuer %s',
      (address) => {
        const toml = `[[externalIssuers]]\nissuer = "${address}"\ntenant = "t"\n${audiences}`
        expect(() => load(toml)).toThrow(/names the issuer/)
      },
    )
  })

  describe('without TLS', () => {
    it('has no aliases, which clients reach over TLS alone', () => {
      expect(() => load('tls = "off"\naliases = { api = ["commercial"] }')).toThrow(/Give tls a certificate/)
    })

    it('listens on loopback', () => {
      expect(load('tls = "off"').listen.host).toBe('127.0.0.1')
    })

    it('refuses any other address, and says what to do', () => {
      expect(() => load('tls = "off"\nlisten = "0.0.0.0:80"')).toThrow(/loopback only.*in trustedProxies/)
    })

    it('listens anywhere behind a proxy that says how it is reached', () => {
      const toml = 'tls = "off"\nlisten = "0.0.0.0:80"\ntrustedProxies = ["10.0.0.5"]\n'
      expect(() => load(toml)).toThrow(/publicOrigins/)
      expect(load(`${toml}publicOrigins = ["https://Fleet.example:443"]`).publicOrigins).toEqual([
        'https://fleet.example',
      ])
    })
  })
})

describe('docs/configuration.md', () => {
  it('lists every setting with its name in the environment', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../../docs/configuration.md'), 'utf8')
    for (const { key, env } of Object.values(SETTINGS)) expect(text).toContain(`| \`${key}\` | \`${env}\` |`)
  })
})
