import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { addsUp, DEFAULT_SCAN_SETTINGS, isCounted } from '@fleetsweep/protocol'
import { eicar, FakeGateway, tool } from '@fleetsweep/testkit'
import { stringify } from 'smol-toml'
import { expect, it } from 'vitest'
import { createScanning } from '../src/scanning.ts'
import { TestAgent } from './test-agent.ts'

it('scans with the real ClamAV that its configuration names, within its policy, and reports', async () => {
  await using gateway = await FakeGateway.start()
  await using agent = new TestAgent({ scanning: createScanning })
  await agent.enroll(gateway)
  const [allowed, forbidden] = [join(agent.stateDir, 'allowed'), join(agent.stateDir, 'forbidden')]
  for (const folder of [allowed, forbidden]) {
    await mkdir(folder)
    await writeFile(join(folder, 'eicar.com'), eicar())
  }
  const clamd = tool('clamd')
  const config = join(agent.stateDir, 'agent.toml')
  const engine = { clamd: clamd.path, env: clamd.env, databaseDir: tool('signatures').path }
  await writeFile(config, stringify({ engine, scan: { fullRoots: [allowed, forbidden] } }))
  await writeFile(join(agent.stateDir, 'policy.toml'), stringify({ allowedPaths: [allowed] }))
  agent.start('--config', config)
  await gateway.connected()
  const action = gateway.orderScan('Full')
  const { report } = await gateway.event(action, 'finished')
  expect(isCounted(report) && addsUp(report.coverage)).toBe(true)
  expect(report).toMatchObject({ detections: 1, engine: { name: 'ClamAV' } })
  const { detection } = await gateway.event(action, 'detection')
  expect(detection.path.text).toBe(join(allowed, 'eicar.com'))
})

it.each([
  { policy: {}, left: [], detection: { disposition: 'quarantined', quarantineId: expect.any(String) } },
  {
    policy: { quarantine: false },
    left: ['eicar.com'],
    detection: {
      disposition: 'reported',
      dispositionReason: 'The policy of this machine forbids it.',
    },
  },
])('moves what it finds to quarantine when that is ordered and $policy allows it', async (expected) => {
  await using gateway = await FakeGateway.start()
  await using agent = new TestAgent({ scanning: createScanning })
  await agent.enroll(gateway)
  const folder = join(agent.stateDir, '..', `${basename(agent.stateDir)}-files`)
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
  await mkdir(folder)
  await writeFile(join(folder, 'eicar.com'), eicar())
  const clamd = tool('clamd')
  const config = join(agent.stateDir, 'agent.toml')
  const engine = { clamd: clamd.path, env: clamd.env, databaseDir: tool('signatures').path }
  await writeFile(config, stringify({ engine, scan: { fullRoots: [folder] } }))
  await writeFile(join(agent.stateDir, 'policy.toml'), stringify(expected.policy))
  agent.start('--config', config)
  await gateway.connected()
  const settings = { ...DEFAULT_SCAN_SETTINGS, onDetection: 'quarantine' as const }
  const action = gateway.orderScan('Full', randomUUID(), { settings })
  const { detection } = await gateway.event(action, 'detection')
  expect(detection).toMatchObject({ ...expected.detection, path: { text: join(folder, 'eicar.com') } })
  expect(await readdir(folder)).toEqual(expected.left)
})
