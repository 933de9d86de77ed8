import { createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto'
import { type OrderKey, signingInput, type TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { importJWK, jwtVerify, SignJWT } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { sealedSigningKeys } from './sealed-signing-keys.ts'
import { readSealingKey } from './sealing.ts'
import type { SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'

const BY = { kind: 'operator', id: 'root', name: 'root' } as const
const tenant = randomUUID() as TenantId

describe('signing keys', () => {
  let clock: MovableClock
  let stored: StoredSigningKey[]
  let sealingKey: ReturnType<typeof readSealingKey>

  /** Another node of the cluster may add a key right before ours. */
  let before: (() => Promise<unknown>) | undefined
  const store: SigningKeyStore = {
    async add(key) {
      const rival = before
      before = undefined
      await rival?.()
      if (stored.some(({ purpose, sequence }) => purpose === key.purpose && sequence === key.sequence)) {
        return 'exists'
      }
      stored.push({ ...key, createdAt: clock.now(), retiredAt: null })
      return 'added'
    },
    list: async (purpose) => stored.filter((key) => key.purpose === purpose),
  }
  const node = (key = sealingKey) =>
    sealedSigningKeys({ storeOf: () => store, sealingKey: key, clock, newId: randomUUID })

  beforeEach(() => {
    clock = new MovableClock()
    stored = []
    sealingKey = readSealingKey(randomBytes(32))
    before = undefined
  })

  it('say that set-up is missing where a tenant has none', async () => {
    await expect(node().tokenKeys(tenant)).rejects.toThrow('has no token key')
    await expect(node().orderKeys(tenant)).rejects.toThrow('has no order key')
  })

  it('lie sealed, and open with the sealing key of this server alone', async () => {
    await node().addKey(tenant, 'order', BY)
    await expect(node(readSealingKey(randomBytes(32))).orderKeys(tenant)).rejects.toThrow('does not open')
    const { sign } = (await node().orderKeys(tenant)).current
    expect(sign(Buffer.from('x'))).toMatch(/^[A-Za-z0-9+/]{86}==$/)
  })

  it('do not open for another tenant, nor in the place of another key', async () => {
    await node().addKey(tenant, 'order', BY)
    await expect(node().orderKeys(randomUUID() as TenantId)).rejects.toThrow('does not open')
    stored = stored.map((key) => ({ ...key, id: randomUUID() }))
    await expect(node().orderKeys(tenant)).rejects.toThrow('does not open')
  })

  describe('for tokens', () => {
    it('sign what their public half verifies', async () => {
      const keys = node()
      const id = await keys.addKey(tenant, 'token', BY)
      const { current, public: published } = await keys.tokenKeys(tenant)
      expect(published.map(({ kid }) => kid)).toEqual([id])
      const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).sign(current.privateKey)
      await expect(jwtVerify(token, await importJWK(published[0] ?? {}))).resolves.toBeDefined()
      expect(published[0]).not.toHaveProperty('d')
    })

    it('stay published until the last token of an old one is over', async () => {
      const keys = node()
      const old = await keys.addKey(tenant, 'token', BY)
      const next = await keys.addKey(tenant, 'token', BY)
      const published = async () => (await keys.tokenKeys(tenant)).public.map(({ kid }) => kid)
      expect((await keys.tokenKeys(tenant)).current.id).toBe(next)
      expect(await published()).toEqual([next, old])
      clock.advance('2h')
      expect(await published()).toEqual([next, old])
      clock.advance('2h')
      expect(await published()).toEqual([next])
    })

    it('of other nodes are found when a token names them', async () => {
      const ours = node()
      await ours.addKey(tenant, 'token', BY)
      await ours.tokenKeys(tenant)
      const theirs = await node().addKey(tenant, 'token', BY)
      clock.advance('2s')
      expect((await ours.tokenKeys(tenant)).current.id).not.toBe(theirs)
      expect((await ours.tokenKeysAnew(tenant)).current.id).toBe(theirs)
    })
  })

  describe('for orders', () => {
    const verifies = (by: OrderKey, input: Uint8Array, signature: string): boolean => {
      const x = Buffer.from(by.publicKey, 'base64').toString('base64url')
      const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
      return verify(null, input, key, Buffer.from(signature, 'base64'))
    }

    it('form a chain in which each is announced by the one before', async () => {
      const keys = node()
      const ids = [
        await keys.addKey(tenant, 'order', BY),
        await keys.addKey(tenant, 'order', BY),
        await keys.addKey(tenant, 'order', BY),
      ]
      const { current, chain } = await keys.orderKeys(tenant)
      expect(chain.map(({ keyId }) => keyId)).toEqual(ids)
      expect(current.keyId).toBe(ids[2])
      expect(chain[0]?.signature).toBeNull()
      for (const [index, key] of chain.entries()) {
        const announcer = chain[index - 1]
        if (!announcer) continue
        const input = signingInput('fleetsweep.agent.v1/order-key', [tenant, key.keyId, key.publicKey])
        expect(verifies(announcer, input, key.signature ?? '')).toBe(true)
        expect(verifies(key, input, key.signature ?? '')).toBe(false)
      }
      const order = signingInput('fleetsweep.agent.v1/order', ['{}'])
      const newest = chain[2]
      expect(newest && verifies(newest, order, current.sign(order))).toBe(true)
    })

    it('take over from the one that another node added first', async () => {
      await node().addKey(tenant, 'order', BY)
      const rival = node()
      before = () => rival.addKey(tenant, 'order', BY)
      const last = await node().addKey(tenant, 'order', BY)
      expect(stored.map(({ sequence }) => sequence)).toEqual([1, 2, 3])
      const { chain } = await node().orderKeys(tenant)
      expect(chain[2]?.keyId).toBe(last)
      const [, second, third] = chain
      const announced = [tenant, third?.keyId ?? '', third?.publicKey ?? '']
      const input = signingInput('fleetsweep.agent.v1/order-key', announced)
      expect(second && verifies(second, input, third?.signature ?? '')).toBe(true)
    })
  })

  describe('for the audit', () => {
    it('are none before the first', async () => {
      expect(await node().auditKeys(tenant)).toBeUndefined()
    })

    it('check what older ones signed, and refuse what none of them did', async () => {
      const keys = node()
      const input = Buffer.from('head')
      const first = await keys.addKey(tenant, 'audit', BY)
      const signature = (await keys.auditKeys(tenant))?.current.sign(input) ?? ''
      const second = await node().addKey(tenant, 'audit', BY)
      const now = await keys.auditKeys(tenant)
      expect(now?.current.keyId).toBe(second)
      expect(now?.isSignedBy(first, input, signature)).toBe(true)
      expect(now?.isSignedBy(second, input, signature)).toBe(false)
      expect(now?.isSignedBy(randomUUID(), input, signature)).toBe(false)
      expect(now?.isSignedBy(first, Buffer.from('other'), signature)).toBe(false)
      expect(now?.isSignedBy(first, input, 'AAAA')).toBe(false)
      expect(stored[1]?.announcement).not.toBeNull()
    })
  })
})
