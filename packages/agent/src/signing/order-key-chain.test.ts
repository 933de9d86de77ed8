import { randomUUID } from 'node:crypto'
import { SigningKey } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { followChain, isChainFrom } from './order-key-chain.ts'

const tenant = randomUUID()
const [first, second, third] = [new SigningKey(), new SigningKey(), new SigningKey()]
const chain = [first.asOrderKey(tenant), second.asOrderKey(tenant, first), third.asOrderKey(tenant, second)]

describe('a chain of order keys', () => {
  it('begins with the key of the fingerprint, and each announces the next', () => {
    expect(isChainFrom(chain, first.fingerprint, tenant)).toBe(true)
    expect(isChainFrom(chain.slice(0, 1), first.fingerprint, tenant)).toBe(true)
  })

  it.each([
    ['another first key', chain, second.fingerprint, tenant],
    ['no key', [], first.fingerprint, tenant],
    ['a link missing', [chain[0], chain[2]].filter((key) => key !== undefined), first.fingerprint, tenant],
    [
      'a key without a signature',
      [...chain.slice(0, 1), second.asOrderKey(tenant)],
      first.fingerprint,
      tenant,
    ],
    ['another tenant', chain, first.fingerprint, randomUUID()],
  ])('does not hold with %s', (_, keys, fingerprint, ofTenant) => {
    expect(isChainFrom(keys, fingerprint, ofTenant)).toBe(false)
  })

  it('is followed from the newest trusted key, wherever that stands', () => {
    expect(followChain(chain.slice(0, 1), chain, tenant)).toEqual(chain)
    expect(followChain(chain.slice(0, 2), chain.slice(1), tenant)).toEqual(chain)
    expect(followChain(chain, chain, tenant)).toEqual(chain)
  })

  it('is not followed back to older keys, nor from a key of the same name', () => {
    expect(followChain(chain, chain.slice(0, 2), tenant)).toBeUndefined()
    const impostor = { ...new SigningKey().asOrderKey(tenant), keyId: first.keyId }
    expect(followChain(chain.slice(0, 1), [impostor], tenant)).toBeUndefined()
  })
})
