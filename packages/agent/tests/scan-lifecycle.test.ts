import { FakeGateway, FakeScanRunner, sampleDetection, until } from '@fleetsweep/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { TestAgent } from './test-agent.ts'

describe('a scan that the server orders', () => {
  let gateway: FakeGateway
  let agent: TestAgent

  async function begin(scans = new FakeScanRunner(), heartbeatMs = 60_000) {
    gateway = await FakeGateway.start({ heartbeatMs })
    agent = new TestAgent({ scans })
    await agent.enroll(gateway)
    agent.start()
    await gateway.connected()
    return scans
  }

  afterEach(async () => {
    await agent[Symbol.asyncDispose]()
    await gateway[Symbol.asyncDispose]()
  })

  it('is accepted, started and reported, each told once and in order', async () => {
    await begin(new FakeScanRunner({ detections: [sampleDetection()] }))
    const action = gateway.orderScan('Quick')
    const { report } = await gateway.event(action, 'finished')
    expect(report).toMatchObject({ scanType: 'Quick', attempts: 1, detections: 1 })
    expect(gateway.kinds(action)).toEqual(['accepted', 'started', 'detection', 'finished'])
    await until(
      () => gateway.frames.filter((frame) => frame.type === 'event').length === 4,
      'four events came',
    )
  })
})
