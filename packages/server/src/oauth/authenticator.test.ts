import { generateKeyPairSync } from 'node:crypto'
import {
  type ApplicationId,
  CLI_CLIENT_ID,
  type DeviceGroupId,
  type Permission,
  type TenantId,
  type UserId,
} from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import type { StoredApplication } from '../application/index.ts'
import { Origins } from '../kit/http/index.ts'
import { SecurityEpochs } from '../tenant/index.ts'
import type { StoredUser, UserAccess } from '../user/index.ts'
import { signAccessToken, type TokenSubject } from './access-token.ts'
import { authenticator } from './authenticator.ts'

const origin = 'https://fleet.example'
const tenant = crypto.randomUUID() as TenantId
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keys = {
  current: {
    id: 'key-1',
    privateKey: pair.privateKey.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['sign']),
  },
  public: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'RS256' }],
}
const secret = {
  id: 'secret-1',
  description: '',
  secretHash: '',
  hint: '',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

describe('authenticating by a token', () => {
  const clock = new MovableClock()
  const applicationId = crypto.randomUUID() as ApplicationId
  const userId = crypto.randomUUID() as UserId
  let application: StoredApplication | undefined
  let user: StoredUser | undefined
  let access: UserAccess
  let isSignedIn: boolean
  let epoch: number
  let reads: number
  let isReachable: boolean

  beforeEach(() => {
    application = {
      id: applicationId,
      displayName: 'Playbooks',
      createdAt: clock.now(),
      permissions: ['Machine.Read.All', 'Machine.Scan'],
      limits: { perMinute: 7, perHour: null },
      secrets: [{ ...secret, createdAt: clock.now() }],
      certificates: [],
    }
    const userPrincipalName = 'ada@contoso.example'
    user = { id: userId, userPrincipalName, displayName: 'Ada', createdAt: clock.now(), disabledAt: null }
    access = { rolePermissions: ['ViewData'], reach: { kind: 'deviceGroups', ids: [3 as DeviceGroupId] } }
    isSignedIn = true
    epoch = 1
    reads = 0
    isReachable = true
  })

  /** A function that authenticates with one token, as one node does that has just started. */
  async function node(subject: TokenSubject) {
    const answer = async <T>(value: T): Promise<T> => {
      if (isReachable) return value
      throw new Error('The database is not there.')
    }
    const read = <T>(value: T): Promise<T> => {
      reads += 1
      return answer(value)
    }
    const securityEpochs = new SecurityEpochs({ read: () => answer(epoch), clock })
    const check = authenticator({
      applicationsOf: () => ({ find: (id) => read(application?.id === id ? application : undefined) }),
      usersOf: () => ({
        find: (id) => read(user?.id === id ? user : undefined),
        groupsOf: async () => [],
        groupsByExternalId: async () => [],
        accessOf: async () => access,
      }),
      isSignedIn: async () => isSignedIn,
      securityEpochs,
      externalTokens: {
        knows: () => false,
        verify: () => Promise.reject(new Error('nobody')),
        tenantOf: async () => undefined,
      },
      signingKeys: { tokenKeys: () => answer(keys), tokenKeysAnew: () => answer(keys) },
      origins: new Origins([origin]),
      clock,
    })
    const token = await signAccessToken(keys, {
      version: 'v1',
      origin,
      tenant,
      subject,
      displayName: 'Ada',
      proof: 'none',
      audience: origin,
      issuedAtSeconds: Math.floor(clock.now() / 1_000_000),
      uti: 'unique',
    })
    const authenticate = () => check({ authorization: `bearer ${token}`, origin, address: '192.0.2.1' })
    return { authenticate, securityEpochs }
  }

  const asApplication = (roles: readonly Permission[] = ['Machine.Read.All', 'Machine.Scan']) =>
    node({ kind: 'application', application: applicationId, credential: secret.id, roles })
  const asUser = (using: ApplicationId = applicationId) =>
    node({
      kind: 'user',
      user: userId,
      application: using,
      scopes: ['Machine.Read', 'Machine.Scan', 'openid'],
      session: 'session-1',
    })
  /** A change that raised the epoch, as another node sees it: a second later. */
  const changed = (change: () => void) => {
    change()
    epoch += 1
    clock.advance('1s')
  }
  const refused = { code: 'Unauthorized' }

  it('knows of an application its tenant, its name, its limits and that it reaches every machine', async () => {
    const { authenticate } = await asApplication()
    expect(await authenticate()).toEqual({
      kind: 'application',
      tenant,
      id: applicationId,
      name: 'Playbooks',
      permissions: new Set(['Machine.Read.All', 'Machine.Scan']),
      rolePermissions: null,
      reach: { kind: 'allMachines' },
      requestSource: 'PublicApi',
      limits: { perMinute: 7, perHour: null },
    })
  })

  it('knows of a person what their program may do, what their roles allow and what they reach', async () => {
    const { authenticate } = await asUser()
    expect(await authenticate()).toEqual({
      kind: 'user',
      tenant,
      id: userId,
      name: 'ada@contoso.example',
      permissions: new Set(['Machine.Read.All', 'Machine.Scan']),
      rolePermissions: new Set(['ViewData']),
      reach: { kind: 'deviceGroups', ids: [3] },
      requestSource: 'PublicApi',
    })
  })

  it('knows a person at our own command line from one at any other program', async () => {
    const { authenticate } = await asUser(CLI_CLIENT_ID)
    expect((await authenticate()).requestSource).toBe('Portal')
  })

  it('allows no more than the application still holds, and no more than the token says', async () => {
    const { authenticate } = await asApplication()
    await authenticate()
    changed(() => {
      if (application) application = { ...application, permissions: ['Fleet.Admin', 'Machine.Scan'] }
    })
    expect([...(await authenticate()).permissions]).toEqual(['Machine.Scan'])
  })

  it.each([
    [
      'an application that is gone',
      asApplication,
      () => {
        application = undefined
      },
    ],
    [
      'an application whose secret was revoked',
      asApplication,
      () => {
        const revoked = { ...secret, createdAt: clock.now(), revokedAt: clock.now() }
        if (application) application = { ...application, secrets: [revoked] }
      },
    ],
    [
      'a person who is gone',
      asUser,
      () => {
        user = undefined
      },
    ],
    [
      'a person whose account is disabled',
      asUser,
      () => {
        if (user) user = { ...user, disabledAt: clock.now() }
      },
    ],
    [
      'a person who has signed out',
      asUser,
      () => {
        isSignedIn = false
      },
    ],
  ] as const)('refuses %s, within a second', async (_, subject, change) => {
    const { authenticate } = await subject()
    await authenticate()
    changed(change)
    await expect(authenticate()).rejects.toMatchObject(refused)
  })

  it('follows what a person may do and reach, at once where it was told of the change', async () => {
    const { authenticate, securityEpochs } = await asUser()
    await authenticate()
    access = { rolePermissions: ['ActiveRemediationActions'], reach: { kind: 'allMachines' } }
    epoch += 1
    securityEpochs.forget(tenant)
    const { rolePermissions, reach } = await authenticate()
    expect(rolePermissions).toEqual(new Set(['ActiveRemediationActions']))
    expect(reach).toEqual({ kind: 'allMachines' })
  })

  it('reads nothing but the epoch while nothing changes, however many calls there are', async () => {
    const { authenticate } = await asApplication()
    await authenticate()
    expect(reads).toBe(1)
    for (let second = 0; second < 60; second += 1) {
      clock.advance('1s')
      await Promise.all(Array.from({ length: 50 }, authenticate))
    }
    expect(reads).toBe(1)
  })

  it('refuses on no old knowledge while the database cannot be read, and goes on when it can', async () => {
    const { authenticate } = await asApplication()
    await authenticate()
    isReachable = false
    clock.advance('1s')
    const unavailable = { code: 'ServiceUnavailable', headers: { 'retry-after': '1' } }
    await expect(authenticate()).rejects.toMatchObject(unavailable)
    const restarted = await asApplication()
    await expect(restarted.authenticate()).rejects.toMatchObject(unavailable)
    isReachable = true
    expect((await authenticate()).name).toBe('Playbooks')
  })

  it('refuses a token at its end', async () => {
    const { authenticate } = await asApplication()
    await authenticate()
    clock.advance('1h')
    await expect(authenticate()).rejects.toMatchObject(refused)
  })
})

describe('the security epoch', () => {
  it('is read once for all who ask together, and again after half a second', async () => {
    const clock = new MovableClock()
    let reads = 0
    const epochs = new SecurityEpochs({ read: async () => ++reads, clock })
    const ask = () => Promise.all(Array.from({ length: 20 }, () => epochs.of(tenant)))
    expect(new Set(await ask())).toEqual(new Set([1]))
    clock.advance('499ms')
    expect(new Set(await ask())).toEqual(new Set([1]))
    clock.advance('1ms')
    expect(new Set(await ask())).toEqual(new Set([2]))
  })

  it('is never older than the change that was told while it was being read', async () => {
    const reading = Promise.withResolvers<number>()
    const answers = [reading.promise, Promise.resolve(2)]
    const epochs = new SecurityEpochs({
      read: () => answers.shift() ?? Promise.resolve(0),
      clock: new MovableClock(),
    })
    const before = epochs.of(tenant)
    epochs.forget(tenant)
    const after = epochs.of(tenant)
    reading.resolve(1)
    expect(await before).toBe(1)
    expect(await after).toBe(2)
    expect(epochs.known(tenant)).toBe(2)
  })

  it('is waited for so long and no longer, and then asked for anew', async () => {
    const clock = new MovableClock()
    const answers = [new Promise<number>(() => {}), Promise.resolve(2)]
    const epochs = new SecurityEpochs({ read: () => answers.shift() ?? Promise.resolve(0), clock })
    const waiting = epochs.of(tenant)
    clock.advance('5s')
    await expect(waiting).rejects.toThrow('has not answered')
    expect(await epochs.of(tenant)).toBe(2)
    expect(clock.nextTimerInMs).toBeUndefined()
  })

  it('is not guessed when it cannot be read', async () => {
    const epochs = new SecurityEpochs({
      read: async () => {
        throw new Error('no database')
      },
      clock: new MovableClock(),
    })
    await expect(epochs.of(tenant)).rejects.toThrow('no database')
    expect(epochs.known(tenant)).toBeUndefined()
  })
})
