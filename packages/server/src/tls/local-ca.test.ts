import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { addMs, type Instant, instantFromMs } from '@fleetsweep/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../config/index.ts'
import { type CertifiedKey, certificateNames, createLocalCa, issueServerCertificate } from './local-ca.ts'
import { loadServerTls } from './server-tls.ts'

const DAY_MS = 86_400_000
const names = ['localhost', '127.0.0.1', '::1', 'fleet.example']
const now = () => instantFromMs(Date.now())

/** What a client that trusts only `ca` says to a server that shows `leaf` under `name`. */
async function handshake(ca: CertifiedKey, leaf: CertifiedKey, name: string): Promise<string> {
  const server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (socket) => socket.end())
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return new Promise((resolve) => {
    const client = connect({ host: '127.0.0.1', port, servername: name, ca: ca.certPem }, () => {
      client.destroy()
      resolve('trusted')
    })
    client.on('error', (error) => resolve(error.message))
  })
}

describe('the local certificate authority', () => {
  it('vouches for the names it was made for', async () => {
    const ca = await createLocalCa(names, now())
    const leaf = await issueServerCertificate(ca, names, now())
    expect(certificateNames(leaf.certPem)).toEqual(names)
    expect(await handshake(ca, leaf, 'fleet.example')).toBe('trusted')
    expect(await handshake(ca, leaf, 'localhost')).toBe('trusted')
    expect(await handshake(ca, leaf, 'other.example')).toMatch(/does not match certificate's altnames/)
  })

  it.each([['bank.example'], ['203.0.113.7'], ['2001:db8::7']])(
    'is not believed when it vouches for %s all the same',
    async (name) => {
      const ca = await createLocalCa(names, now())
      const leaf = await issueServerCertificate(ca, ['localhost', name], now())
      expect(await handshake(ca, leaf, 'localhost')).toBe('permitted subtree violation')
    },
  )

  it('issues certificates that a clock a day behind accepts and that end within 397 days', async () => {
    const at = now()
    const ca = await createLocalCa(names, at)
    const leaf = new X509Certificate((await issueServerCertificate(ca, names, at)).certPem)
    expect(leaf.validFromDate.getTime()).toBeLessThan(Date.now() - DAY_MS)
    expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBe(397 * DAY_MS)
  })
})

describe('the certificate of a server', () => {
  const dataDirWith = async (at: Instant) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'fleetsweep-tls-'))
    onTestFinished(() => rmSync(dataDir, { recursive: true }))
    const ca = await createLocalCa(names, at)
    const leaf = await issueServerCertificate(ca, names, at)
    mkdirSync(join(dataDir, 'tls'))
    writeFileSync(join(dataDir, 'tls/ca.crt'), ca.certPem)
    writeFileSync(join(dataDir, 'tls/ca.key'), ca.keyPem)
    writeFileSync(join(dataDir, 'tls/server.crt'), leaf.certPem)
    writeFileSync(join(dataDir, 'tls/server.key'), leaf.keyPem)
    return { dataDir, ca, leaf }
  }

  it('is renewed for the same names and key in the last month of its life, not before', async () => {
    const { dataDir, ca, leaf } = await dataDirWith(addMs(now(), -380 * DAY_MS))
    const early = await loadServerTls(loadConfig({}, { dataDir }), addMs(now(), -20 * DAY_MS))
    expect(early?.certPem).toBe(leaf.certPem)
    const late = await loadServerTls(loadConfig({}, { dataDir }), now())
    expect(late?.certPem).not.toBe(leaf.certPem)
    expect(late).toMatchObject({ keyPem: leaf.keyPem, names, localCa: { certPem: ca.certPem } })
    expect(readFileSync(join(dataDir, 'tls/server.crt'), 'utf8')).toBe(late?.certPem)
    expect(await handshake(ca, { certPem: late?.certPem ?? '', keyPem: leaf.keyPem }, 'fleet.example')).toBe(
      'trusted',
    )
  })

  it('is refused with a key that is not its own', async () => {
    const { dataDir, ca } = await dataDirWith(now())
    writeFileSync(join(dataDir, 'tls/server.key'), (await issueServerCertificate(ca, names, now())).keyPem)
    await expect(loadServerTls(loadConfig({}, { dataDir }), now())).rejects.toThrow(/does not belong/)
  })

  it('is asked for by name when it is not there', async () => {
    await expect(loadServerTls(loadConfig({}, { dataDir: '/nowhere' }), now())).rejects.toThrow(
      /tls.key names \/nowhere\/tls\/server.key, which cannot be read. Run `fleetsweep init`/,
    )
  })
})
