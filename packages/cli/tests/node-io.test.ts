import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { instantFromMs } from '@fleetsweep/protocol'
import { FakeServer } from '@fleetsweep/testkit'
import { expect, it } from 'vitest'
import { createLocalCa, issueServerCertificate } from '../../server/src/tls/index.ts'
import { nodeIo, runCli } from '../src/index.ts'
import { CliTestIo } from './cli-test-io.ts'

it('refuses a server that nobody vouches for, until it is told of its certificate authority', async () => {
  const now = instantFromMs(Date.now())
  const ca = await createLocalCa(['127.0.0.1'], now)
  const { certPem, keyPem } = await issueServerCertificate(ca, ['127.0.0.1'], now)
  await using server = await new FakeServer({ cert: certPem, key: keyPem }).listen()
  server.addMachine({ computerDnsName: 'lab-01' })
  await using folder = await temporaryFolder()
  const caFile = join(folder.path, 'ca.pem')
  await writeFile(caFile, ca.certPem)

  const screen = new CliTestIo(server)
  const { runtime, readFile, trust } = nodeIo(screen.signal)
  const io = Object.assign(screen, { runtime, readFile, trust })
  expect(await runCli(['machines'], io)).toBe(1)
  expect(screen.stderr).toContain('FLEETSWEEP_CA')
  expect(await runCli(['machines', '--ca', caFile], io)).toBe(0)
  expect(screen.stdout).toContain('lab-01')
})

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'fleetsweep-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
