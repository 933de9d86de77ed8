import { describe, expect, it } from 'vitest'
import { parseOsRelease } from './linux.ts'
import { hashOsIdentity } from './os-identity.ts'
import { thisHost } from './this-host.ts'

describe('the identity of the operating system', () => {
  const texts = { machineId: 'aaaa', productUuid: 'bbbb' }

  it('differs as soon as one of its sources does', () => {
    const hash = hashOsIdentity(texts, undefined)?.hash
    expect(hashOsIdentity({ ...texts }, undefined)?.hash).toBe(hash)
    expect(hashOsIdentity({ ...texts, productUuid: 'cccc' }, undefined)?.hash).not.toBe(hash)
    expect(hashOsIdentity({ ...texts, machineId: 'cccc' }, undefined)?.hash).not.toBe(hash)
  })

  it('can be compared by a user who reads more than the one before', () => {
    const asUser = hashOsIdentity({ machineId: 'aaaa' }, undefined)
    expect(hashOsIdentity(texts, undefined, asUser?.sources)).toEqual(asUser)
  })

  it('cannot be told when a source is not readable', () => {
    expect(hashOsIdentity({}, undefined)).toBeUndefined()
    expect(hashOsIdentity({ machineId: 'aaaa' }, undefined, ['machineId', 'productUuid'])).toBeUndefined()
  })

  it('takes what else there is where a system was given nothing, and nothing of that where it was', () => {
    const others = { networkAddress: '02:00:00:00:00:01', hostName: 'lab-07' }
    expect(hashOsIdentity({ ...texts, ...others }, undefined)).toEqual(hashOsIdentity(texts, undefined))
    expect(hashOsIdentity(others, undefined)?.sources).toEqual(['networkAddress'])
    expect(hashOsIdentity({ hostName: 'lab-07' }, undefined)?.sources).toEqual(['hostName'])
  })

  it('stays what it was made of when the system is given an identity later', () => {
    const others = { networkAddress: '02:00:00:00:00:01' }
    const before = hashOsIdentity(others, undefined)
    expect(hashOsIdentity({ ...texts, ...others }, undefined, before?.sources)).toEqual(before)
  })

  it('tells agents on one machine apart, and never makes a copy look like its original', () => {
    const original = hashOsIdentity(texts, 'one')?.hash
    expect(hashOsIdentity(texts, 'two')?.hash).not.toBe(original)
    expect(hashOsIdentity({ ...texts, productUuid: 'cccc' }, 'one')?.hash).not.toBe(original)
  })
})

describe('this machine', () => {
  it('tells what an inventory needs', async () => {
    const host = thisHost({})
    expect(await host?.bootId()).toMatch(/^[0-9a-fA-F-]{36}$/)
    const inventory = await host?.inventory()
    expect(inventory?.computerDnsName).not.toBe('')
    expect(inventory?.osPlatform).not.toBe('')
    expect(inventory?.ipAddresses.some(({ type }) => type === 'SoftwareLoopback')).toBe(true)
  })
})

describe('an os-release file', () => {
  it('is read with every way of quoting', () => {
    const text = 'ID=debian\n# a comment\nNAME="Debian \\"GNU\\"/Linux"\nVERSION_ID=\'12\'\n\nBROKEN\n'
    expect(parseOsRelease(text)).toEqual({ ID: 'debian', NAME: 'Debian "GNU"/Linux', VERSION_ID: '12' })
  })
})
