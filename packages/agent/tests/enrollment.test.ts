import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { instantFromMs } from '@fleetsweep/protocol'
import { FakeGateway, fakeHost, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLocalCa, issueServerCertificate } from '../../server/src/tls/local-ca.ts'
import { identityPath } from '../src/enrollment/identity-file.ts'
import { TestAgent } from './test-agent.ts'

describe('enrolling', () => {
  let gateway: FakeGateway
  let agent: TestAgent

  beforeEach(async () => {
    gateway = await FakeGateway.start()
    agent = new TestAgent()
  })

  afterEach(async () => {
    await agent[Symbol.asyncDispose]()
    await gateway[Symbol.asyncDispose]()
  })

  const enroll = (token: string, ...more: string[]) =>
    agent.command('enroll', '--server', gateway.origin, '--token', token, ...more)

  it('gives the machine an identity that only its owner can read', async () => {
    expect(await enroll(gateway.token())).toBe(0)
    expect(agent.stdout).toContain(`Enrolled as the new machine ${gateway.machine.machineId}`)
    expect(statSync(agent.stateDir).mode & 0o777).toBe(0o700)
    expect(statSync(identityPath(agent.stateDir)).mode & 0o777).toBe(0o600)
    expect(gateway.machine.inventory).toMatchObject({
      computerDnsName: 'lab-07.example.com',
      osPlatform: 'Debian',
    })
  })

  it('keeps the key when the answer is lost, so that the next try is the same machine', async () => {
    gateway.loseEnrollAnswers = 1
    expect(await enroll(gateway.token())).toBe(1)
    expect(agent.stderr).toContain('could not be reached')
    expect(await enroll(gateway.token())).toBe(0)
    expect(gateway.machines).toHaveLength(1)
  })

  it('again leaves a machine the same', async () => {
    await enroll(gateway.token())
    expect(await enroll(gateway.token())).toBe(0)
    expect(agent.stdout).toContain('Enrolled again as the same machine')
  })

  it('with a new key sets the old one aside, so that whoever copied it has nothing', async () => {
    await enroll(gateway.token())
    const before = readFileSync(identityPath(agent.stateDir), 'utf8')
    expect(await enroll(gateway.token(), '--new-key')).toBe(0)
    expect(gateway.machines).toHaveLength(2)
    expect(readFileSync(identityPath(agent.stateDir), 'utf8')).not.toBe(before)
    expect(readdirSync(agent.stateDir).filter((name) => name.startsWith('identity.'))).toHaveLength(2)
  })

  it('says why the server refused', async () => {
    expect(await enroll(gateway.token({ secret: 'B'.repeat(43) }))).toBe(1)
    expect(agent.stderr).toContain('refused the enrollment (403): The enrollment token is not valid.')
  })

  it('trusts only order keys that descend from the one of the token', async () => {
    expect(await enroll(gateway.token({ orderRootSha256: '00'.repeat(32) }))).toBe(1)
    expect(agent.stderr).toContain('do not descend from the one that the enrollment token names')
    agent.start()
    expect(await agent.ended()).toBe(1)
  })

  it('follows the chain of order keys that has grown since', async () => {
    const token = gateway.token()
    gateway.rotateOrderKey()
    expect(await enroll(token)).toBe(0)
    agent.start()
    await gateway.connected()
    await gateway.event(gateway.orderScan(), 'finished')
  })

  it('waits for a running agent to be stopped', async () => {
    await enroll(gateway.token())
    agent.start()
    await gateway.connected()
    expect(await enroll(gateway.token())).toBe(1)
    expect(agent.stderr).toContain('Stop it, enroll, and start it again')
  })

  it.each([
    ['no server', ['enroll', '--token', 'fse1.x'], 'Say which server'],
    ['no token', ['enroll', '--server', 'https://fleet.example.com'], 'Give an enrollment token'],
    [
      'half a token',
      ['enroll', '--server', 'https://fleet.example.com', '--token', 'fse1.eyJ0'],
      'must be whole',
    ],
    ['no URL', ['enroll', '--server', 'fleet', '--token', 'x'], 'is not the address of a server'],
    [
      'a path',
      ['enroll', '--server', 'https://fleet.example.com/api', '--token', 'x'],
      'https://fleet.example.com',
    ],
    ['plain HTTP', ['enroll', '--server', 'http://fleet.example.com', '--token', 'x'], '--insecure-http'],
  ])('is misused with %s, and says what to do', async (_, argv, words) => {
    expect(await agent.command(...argv)).toBe(2)
    expect(agent.stderr).toContain(words)
  })

  it('allows plain HTTP to another machine when it is told to', async () => {
    const token = gateway.token()
    const server = 'http://fleet.invalid:1'
    expect(await agent.command('enroll', '--server', server, '--token', token, '--insecure-http')).toBe(1)
    expect(agent.stderr).toContain('could not be reached')
  })
})

describe('a server with a certificate authority of its own', () => {
  let gateway: FakeGateway
  let agent: TestAgent
  let caPem: string

  beforeEach(async () => {
    const now = instantFromMs(Date.now())
    const ca = await createLocalCa(['localhost'], now)
    const server = await issueServerCertificate(ca, ['localhost'], now)
    caPem = ca.certPem
    gateway = await FakeGateway.start({ tls: { key: server.keyPem, cert: server.certPem, ca: ca.certPem } })
    agent = new TestAgent()
  })

  afterEach(async () => {
    await agent[Symbol.asyncDispose]()
    await gateway[Symbol.asyncDispose]()
  })

  const enroll = (token: string, ...more: string[]) =>
    agent.command('enroll', '--server', gateway.origin, '--token', token, ...more)

  it('is trusted when the token carries its fingerprint', async () => {
    expect(await enroll(gateway.token({ caSha256: fingerprint(caPem) }))).toBe(0)
    agent.start()
    await gateway.connected()
  })

  it('is trusted when its authority is given as a file', async () => {
    const file = join(agent.stateDir, 'ca.pem')
    writeFileSync(file, caPem)
    expect(await enroll(gateway.token(), '--ca', file)).toBe(0)
    agent.start()
    await gateway.connected()
  })

  it('is not trusted otherwise', async () => {
    expect(await enroll(gateway.token())).toBe(1)
    expect(agent.stderr).toContain('is from no authority that this machine trusts')
    expect(agent.stderr).toContain('--ca FILE')
    expect(gateway.machines).toEqual([])
  })

  it('is not told the secret when it shows another authority', async () => {
    const other = await createLocalCa(['localhost'], instantFromMs(Date.now()))
    expect(await enroll(gateway.token({ caSha256: fingerprint(other.certPem) }))).toBe(1)
    expect(agent.stderr).toContain('is not the one of the enrollment token')
    expect(gateway.machines).toEqual([])
  })

  it('is not trusted by the fingerprint of a certificate that is no authority', async () => {
    await gateway[Symbol.asyncDispose]()
    const now = instantFromMs(Date.now())
    const ca = await createLocalCa(['localhost'], now)
    const leaf = await issueServerCertificate(ca, ['localhost'], now)
    gateway = await FakeGateway.start({ tls: { key: leaf.keyPem, cert: leaf.certPem, ca: leaf.certPem } })
    expect(await enroll(gateway.token({ caSha256: fingerprint(leaf.certPem) }))).toBe(1)
    expect(agent.stderr).toContain('is not a certificate authority')
  })
})

describe('a copy of an enrolled machine', () => {
  it('does not use the identity, says so, and becomes a machine of its own', async () => {
    await using gateway = await FakeGateway.start()
    await using original = new TestAgent()
    await original.enroll(gateway)
    original.start()
    await gateway.connected()
    await gateway.event(gateway.orderScan(), 'finished')
    await original.stop()
    const first = gateway.machine.machineId
    const connections = gateway.connectionCount

    await using copy = new TestAgent({ stateDir: original.stateDir, host: fakeHost('lab-08.example.com') })
    copy.start()
    expect(await copy.ended()).toBe(1)
    expect(copy.stderr).toContain('was made on another machine')
    expect(gateway.connectionCount).toBe(connections)
    expect(existsSync(identityPath(copy.stateDir))).toBe(false)
    expect(readdirSync(copy.stateDir)).toContain('identity.json.set-aside-1')

    await copy.enroll(gateway)
    expect(gateway.machine.machineId).not.toBe(first)
    copy.start()
    await gateway.connected()
    expect(readdirSync(copy.stateDir)).toContain('journal.db.set-aside-1')
    await gateway.event(gateway.orderScan(), 'finished')
  })

  it('gets a new key when it is enrolled at once', async () => {
    await using gateway = await FakeGateway.start()
    await using original = new TestAgent()
    await original.enroll(gateway)
    await using copy = new TestAgent({ stateDir: original.stateDir, host: fakeHost('lab-08.example.com') })
    await copy.enroll(gateway)
    expect(gateway.machines).toHaveLength(2)
    expect(gateway.machines[0]?.publicKey).not.toBe(gateway.machines[1]?.publicKey)
  })

  it('leaves an identity alone that this user cannot compare with the machine', async () => {
    await using gateway = await FakeGateway.start()
    await using agent = new TestAgent()
    await agent.enroll(gateway)
    const before = readFileSync(identityPath(agent.stateDir), 'utf8')
    const host = { ...fakeHost(), osIdentity: async () => undefined }
    await using other = new TestAgent({ stateDir: agent.stateDir, host })
    other.start()
    expect(await other.ended()).toBe(1)
    expect(other.stderr).toContain('Run the agent as the user who enrolled it')
    expect(readFileSync(identityPath(agent.stateDir), 'utf8')).toBe(before)
  })

  it('is told from a damaged file', async () => {
    await using agent = new TestAgent()
    writeFileSync(identityPath(agent.stateDir), '{')
    agent.start()
    expect(await agent.ended()).toBe(1)
    expect(agent.stderr).toContain('is damaged')
    await until(() => existsSync(identityPath(agent.stateDir)), 'the file is still there')
  })
})

function fingerprint(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex')
}
