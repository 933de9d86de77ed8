import { FakeGateway, SigningKey, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestAgent } from './test-agent.ts'

let gateway: FakeGateway
let agent: TestAgent

beforeEach(async () => {
  gateway = await FakeGateway.start()
  agent = new TestAgent()
  await agent.enroll(gateway)
  agent.start()
  await gateway.connected()
})

afterEach(async () => {
  await agent[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

/** An order that the machine would follow, with parts of its frame replaced. */
function frame(changes: Record<string, unknown>, order: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...gateway.craftOrder(order), ...changes })
}

describe('an order', () => {
  it.each<[string, string, () => string]>([
    ['with an empty signature', 'badSignature', () => frame({ signature: '' })],
    [
      'with a short signature',
      'badSignature',
      () => frame({ signature: gateway.craftOrder({}).signature.slice(0, 40) }),
    ],
    [
      'with the signature of another order',
      'badSignature',
      () => frame({ signature: gateway.craftOrder({}).signature }),
    ],
    [
      'altered after it was signed',
      'badSignature',
      () => {
        const crafted = gateway.craftOrder({ scanType: 'Quick' })
        return JSON.stringify({ ...crafted, order: crafted.order.replace('Quick', 'Full') })
      },
    ],
    [
      'signed for another purpose',
      'badSignature',
      () => {
        const { order } = gateway.craftOrder({})
        return frame({ order, signature: gateway.signingKey.sign('fleetsweep.agent.v1/connect', [order]) })
      },
    ],
    [
      'signed by a key of nobody under the name of the right one',
      'badSignature',
      () => JSON.stringify({ ...gateway.craftOrder({}, new SigningKey()), keyId: gateway.signingKey.keyId }),
    ],
    [
      'signed by a key that nobody announced',
      'unknownKey',
      () => JSON.stringify(gateway.craftOrder({}, new SigningKey())),
    ],
    ['for another machine', 'otherMachine', () => frame({}, { machineId: 'ab'.repeat(20) })],
    ['for another connection', 'otherConnection', () => frame({}, { agentNonce: 'n'.repeat(32) })],
    ['with a counter of nothing', 'notAnOrder', () => frame({}, { counter: 0 })],
    ['with an unknown verb', 'unknownVerb', () => frame({}, { verb: 'exec', command: 'id' })],
    ['with an unknown scan type', 'notAnOrder', () => frame({}, { scanType: 'Deep' })],
    [
      'with an action that climbs out of its folder',
      'notAnOrder',
      () => frame({}, { actionId: '../../etc/cron.d/x' }),
    ],
    ['that is no JSON', 'notAnOrder', () => signed('stop everything')],
    ['that is a list', 'notAnOrder', () => signed('[]')],
  ])('%s is refused as %s, and the right one after it is followed', async (_, why, text) => {
    gateway.sendText(text())
    await until(
      () => agent.log.find((line) => line.msg === 'order refused')?.why === why,
      `it was refused as ${why}`,
    )
    expect(agent.scans.runs).toEqual([])
    await gateway.event(gateway.orderScan(), 'finished')
    expect(agent.scans.runs).toHaveLength(1)
  })

  it('that comes twice is refused the second time', async () => {
    const action = gateway.orderScan()
    await gateway.event(action, 'finished')
    const again = JSON.stringify(gateway.craftOrder({ verb: 'stop' }))
    gateway.sendText(again)
    gateway.sendText(again)
    await until(
      () => agent.log.find((line) => line.msg === 'order refused')?.why === 'repeated',
      'it was refused',
    )
    expect(agent.log.filter((line) => line.msg === 'stop ordered')).toHaveLength(1)
  })

  it('with a counter below the last is refused, whatever became of the last', async () => {
    gateway.sendOrder({ counter: 1_000, verb: 'unknown' })
    gateway.sendOrder({ counter: 999 })
    await until(() => agent.log.find((line) => line.why === 'repeated'), 'it was refused')
    expect(agent.scans.runs).toEqual([])
  })

  it('of an earlier connection is refused on the next', async () => {
    const old = JSON.stringify(gateway.craftOrder({ counter: 1_000_000 }))
    gateway.drop()
    await until(() => gateway.connection === undefined, 'the connection was gone')
    await gateway.connected()
    gateway.sendText(old)
    await until(
      () => agent.log.find((line) => line.msg === 'order refused')?.why === 'otherConnection',
      'it was refused',
    )
    expect(agent.scans.runs).toEqual([])
  })

  it('by a key that is not the newest any more is refused', async () => {
    const oldKey = gateway.signingKey
    gateway.rotateOrderKey()
    gateway.drop()
    await until(() => gateway.connection === undefined, 'the connection was gone')
    await gateway.connected()
    gateway.sendText(JSON.stringify(gateway.craftOrder({}, oldKey)))
    await until(
      () => agent.log.find((line) => line.msg === 'order refused')?.why === 'unknownKey',
      'it was refused',
    )
    expect(agent.scans.runs).toEqual([])
  })

  it.each<[string, () => string]>([
    ['without a signature', () => frame({ signature: undefined })],
    ['larger than an order may be', () => frame({}, { comment: 'x'.repeat(70_000) })],
    ['larger than a frame may be', () => frame({}, { comment: 'x'.repeat(300_000) })],
  ])('%s ends the connection without being followed', async (_, text) => {
    const connections = gateway.connectionCount
    gateway.sendText(text())
    await until(() => gateway.connectionCount > connections, 'the agent hung up and came back')
    expect(agent.scans.runs).toEqual([])
  })
})

function signed(order: string): string {
  return frame({ order, signature: gateway.signingKey.sign('fleetsweep.agent.v1/order', [order]) })
}
