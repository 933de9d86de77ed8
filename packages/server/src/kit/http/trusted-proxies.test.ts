import { describe, expect, it } from 'vitest'
import { isNetwork, TrustedProxies } from './trusted-proxies.ts'

const proxies = new TrustedProxies(['10.0.0.5', '10.1.0.0/16', 'fd00::/8'])

describe('where a call came from', () => {
  it.each([
    ['nobody says anything', '192.0.2.1', undefined, '192.0.2.1'],
    ['somebody says so who is no proxy', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['a neighbour of the proxy says so', '10.0.0.6', '203.0.113.9', '10.0.0.6'],
    ['the proxy says so', '10.0.0.5', '203.0.113.9', '203.0.113.9'],
    ['the proxy speaks IPv4 to a socket of both families', '::ffff:10.0.0.5', '203.0.113.9', '203.0.113.9'],
    ['a proxy on IPv6 says so', 'fd12::7', '2001:db8::9', '2001:db8::9'],
    ['one proxy stands behind another', '10.0.0.5', '203.0.113.9, 10.1.2.3', '203.0.113.9'],
    ['the caller made an address up', '10.0.0.5', '10.0.0.5, 198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['the proxy adds the port', '10.0.0.5', '203.0.113.9:4711', '203.0.113.9'],
    ['the proxy adds the port to IPv6', '10.0.0.5', '[2001:db8::9]:4711', '2001:db8::9'],
    ['the proxy hides it', '10.0.0.5', 'unknown', '10.0.0.5'],
    ['the proxy says nothing', '10.0.0.5', '', '10.0.0.5'],
    ['a neighbour on the link says so', 'fe80::1%eth0', '203.0.113.9', 'fe80::1%eth0'],
    ['a proxy itself asks', '10.0.0.5', '10.1.2.3', '10.1.2.3'],
  ])('is known when %s', (_, remoteAddress, said, expected) => {
    const headers = said === undefined ? {} : { 'x-forwarded-for': said }
    expect(proxies.addressOf({ headers, socket: { remoteAddress } as never })).toBe(expected)
  })

  it('is the connection alone where no proxy is trusted', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    expect(new TrustedProxies().addressOf({ headers, socket: { remoteAddress: '127.0.0.1' } as never })).toBe(
      '127.0.0.1',
    )
  })
})

describe('a network', () => {
  it.each(['10.0.0.5', '10.1.0.0/16', '::1', 'fd00::/8', '0.0.0.0/0'])('may be %s', (text) => {
    expect(isNetwork(text)).toBe(true)
  })
  it.each([
    'proxy.example',
    '10.1.0.0/33',
    '10.1.0.0/',
    '10.1.0.0/16/1',
    '10.1',
    'fd00::/129',
    'fe80::1%eth0',
    '',
  ])('is not %j', (text) => {
    expect(isNetwork(text)).toBe(false)
  })
})
