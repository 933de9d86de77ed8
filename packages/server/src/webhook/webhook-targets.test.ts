import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { WebhookTargets } from './webhook-targets.ts'

const NOWHERE = /leads to no address that this server may call/

/** A resolver that knows these names alone. */
function knowing(names: Record<string, string[]>) {
  return async (name: string): Promise<LookupAddress[]> => {
    const addresses = names[name]
    if (!addresses) throw new Error('ENOTFOUND')
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
}

describe('the address of a webhook', () => {
  const targets = new WebhookTargets([])

  it.each([
    ['no address', 'hooks.example', /not a whole address/],
    ['another protocol', 'ftp://hooks.example/', /must begin with https/],
    ['a script', 'javascript:alert(1)', /must begin with https/],
    ['a file', 'file:///etc/passwd', /must begin with https/],
    ['plain text', 'http://hooks.example/', /must begin with https/],
    ['a user name', 'https://somebody@hooks.example/', /no user name/],
    ['a password', 'https://:secret@hooks.example/', /no user name/],
    ['a fragment', 'https://hooks.example/#here', /fragment/],
    ['the port of SSH', 'https://hooks.example:22/', /port 22/],
    ['the port of mail', 'https://hooks.example:25/', /port 25/],
    ['the loopback', 'https://127.0.0.1/', NOWHERE],
    ['the loopback, short', 'https://127.1/', NOWHERE],
    ['the loopback, hex', 'https://0x7f000001/', NOWHERE],
    ['the loopback, octal', 'https://0177.0.0.1/', NOWHERE],
    ['the loopback, one number', 'https://2130706433/', NOWHERE],
    ['the loopback, wide digits', 'https://１２７.0.0.1/', NOWHERE],
    ['the loopback, IPv6', 'https://[::1]/', NOWHERE],
    ['the loopback, mapped', 'https://[::ffff:127.0.0.1]/', NOWHERE],
    ['metadata', 'https://169.254.169.254/latest/meta-data/', NOWHERE],
    ['a private network', 'https://10.0.0.1:8443/', NOWHERE],
  ])('is refused for %s', (_, url, why) => {
    expect(() => targets.read(url)).toThrow(why)
  })

  it.each([
    'https://hooks.example/',
    'https://hooks.example:443/a?b=c',
    'https://hooks.example:8443/',
    'https://1.1.1.1/',
    'https://[2606:4700:4700::1111]/',
  ])('may be %s', (url) => {
    expect(targets.read(url).protocol).toBe('https:')
  })

  it('may be of an allowed network, and plain there', async () => {
    const allowing = new WebhookTargets(['10.2.0.0/16', 'fd00::/8'], knowing({ inside: ['10.2.0.9'] }))
    for (const url of ['http://10.2.3.4/', 'https://10.2.3.4/', 'http://[fd00::7]:8080/', 'http://inside/']) {
      expect(await allowing.addressesOf(allowing.read(url)), url).toHaveLength(1)
    }
    expect(() => allowing.read('https://10.3.0.1/')).toThrow(NOWHERE)
    // Plain text goes nowhere else, wherever a name leads.
    expect(() => allowing.read('http://1.1.1.1/')).toThrow(NOWHERE)
  })
})

describe('the name of a receiver', () => {
  const targets = new WebhookTargets(
    [],
    knowing({
      'public.example': ['1.1.1.1', '2606:4700:4700::1111'],
      'inside.example': ['10.0.0.1', '::1'],
      'both.example': ['169.254.169.254', '1.1.1.1'],
      'mapped.example': ['::ffff:10.0.0.1'],
    }),
  )
  const addresses = async (host: string) =>
    (await targets.addressesOf(new URL(`https://${host}/`))).map(({ address }) => address)

  it('leads to all of its public addresses', async () => {
    expect(await addresses('public.example')).toEqual(['1.1.1.1', '2606:4700:4700::1111'])
  })

  it('leads to no other that stands beside them', async () => {
    expect(await addresses('both.example')).toEqual(['1.1.1.1'])
  })

  it('tells in the same words that it leads inside, and that it leads nowhere', async () => {
    const said = async (host: string) =>
      addresses(host).catch(({ message }: Error) => message.replace(host, 'HOST'))
    const inside = await said('inside.example')
    expect(inside).toMatch(NOWHERE)
    expect(await said('mapped.example')).toBe(inside)
    expect(await said('nowhere.example')).toBe(inside)
  })
})
