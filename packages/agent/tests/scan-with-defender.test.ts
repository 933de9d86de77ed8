import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FakeGateway } from '@fleetsweep/testkit'
import { stringify } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { createScanning } from '../src/scanning.ts'
import { DefenderFixture } from './defender-fixture.ts'
import { MdatpFixture } from './mdatp-fixture.ts'
import { TestAgent } from './test-agent.ts'

describe('an agent that is configured for Microsoft Defender', () => {
  it('scans with the programs that its configuration names, and reports', async () => {
    using defender = new DefenderFixture()
    defender.behave()
    await using gateway = await FakeGateway.start()
    await using agent = new TestAgent({ scanning: createScanning })
    await agent.enroll(gateway)
    const config = join(agent.stateDir, 'agent.toml')
    await writeFile(config, stringify({ engine: { kind: 'defender', ...defender.programs } }))
    agent.start('--config', config)
    await gateway.connected()
    const { report } = await gateway.event(gateway.orderScan('Full'), 'finished')
    expect(report).toMatchObject({ coverage: null, engine: { name: 'Microsoft Defender' } })
    expect(defender.calls).toEqual(['-Scan -ScanType 2'])
  })

  it('scans and updates by mdatp where that is what the system has', async () => {
    using mdatp = new MdatpFixture()
    mdatp.behave({ health: { newest: '1.396.1.0' } })
    await using gateway = await FakeGateway.start()
    await using agent = new TestAgent({ scanning: createScanning })
    await agent.enroll(gateway)
    const config = join(agent.stateDir, 'agent.toml')
    await writeFile(config, stringify({ engine: { kind: 'defender', mdatp: mdatp.program } }))
    agent.start('--config', config)
    await gateway.connected()
    const { report } = await gateway.event(gateway.orderScan('Quick'), 'finished')
    expect(report).toMatchObject({ coverage: null, engine: { name: 'Microsoft Defender' } })
    const { sentence } = await gateway.event(gateway.orderTask({ verb: 'updateSignatures' }), 'done')
    expect(sentence).toBe('Updated: 1.396.1.0.')
  })
})
