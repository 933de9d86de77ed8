import { generateKeyPairSync } from 'node:crypto'
import type { ApplicationId, Permission, TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ApplicationStore, StoredApplication } from '../application/index.ts'
import { Origins } from '../kit/http/index.ts'
import type { SigningKeys } from '../signing-key/index.ts'
import { signAccessToken } from './access-token.ts'
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

describe('authenticating an application by its token', () => {
  let clock: MovableClock
  let application: StoredApplication | undefined
  let reads: number
  let authenticate: () => ReturnType<ReturnType<typeof authenticator>>

  beforeEach(async () => {
    clock = new MovableClock()
    reads = 0
    const stored: StoredApplication = {
      id: crypto.randomUUID() as ApplicationId,
      displayName: 'Playbooks',
      createdAt: clock.now(),
      permissions: ['Machine.Read.All', 'Machine.Scan'],
      limits: { perMinute: 7, perHour: null },
      secrets: [],
    }
    application = stored
    const store: Pick<ApplicationStore, 'find'> = {
      async find(id) {
        reads += 1
        return application?.id === id ? application : undefined
      },
    }
    const signingKeys: Pick<SigningKeys, 'tokenKeys' | 'tokenKeysAnew'> = {
      tokenKeys: async () => keys,
      tokenKeysAnew: async () => keys,
    }
    const check = authenticator({
      applicationsOf: () => store,
      signingKeys,
      origins: new Origins([origin]),
      clock,
    })
    const token = await signAccessToken(keys, {
      version: 'v1',
      origin,
      tenant,
      application: stored,
      audience: origin,
      roles: stored.permissions,
      issuedAtSeconds: clock.now() / 1_000_000,
      uti: 'unique',
    })
    authenticate = () => check({ authorization: `bearer ${token}`, origin, address: '192.0.2.1' })
  })

  const permissions = async (): Promise<Permission[]> => [...(await authenticate()).permissions]

  it('knows its tenant, its name, its limits and that it reaches every machine', async () => {
    expect(await authenticate()).toEqual({
      kind: 'application',
      tenant,
      id: application?.id,
      name: 'Playbooks',
      permissions: new Set(['Machine.Read.All', 'Machine.Scan']),
      reach: { kind: 'allMachines' },
      limits: { perMinute: 7, perHour: null },
    })
  })

  it('allows no more than the application still holds, and no more than the token says', async () => {
    await authenticate()
    if (application) application = { ...application, permissions: ['Fleet.Admin', 'Machine.Scan'] }
    clock.advance('1s')
    expect(await permissions()).toEqual(['Machine.Scan'])
  })

  it('refuses an application that is gone, within a second', async () => {
    await authenticate()
    application = undefined
    clock.advance('1s')
    await expect(authenticate()).rejects.toMatchObject({ code: 'Unauthorized' })
  })

  it('reads the application once a second at most, however many calls there are', async () => {
    await Promise.all(Array.from({ length: 50 }, authenticate))
    clock.advance('999ms')
    await authenticate()
    expect(reads).toBe(1)
    clock.advance('1ms')
    await authenticate()
    expect(reads).toBe(2)
  })
})
