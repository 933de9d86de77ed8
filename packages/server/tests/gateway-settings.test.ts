import { AgentSettings, type SignedSettings } from '@fleetsweep/protocol'
import { FakeAgent, isSignedByMachine } from '@fleetsweep/testkit'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayServer } from './gateway-server.ts'

const schema = Compile(AgentSettings)

describe('what a server lets its agents know', () => {
  let server: GatewayServer
  beforeAll(async () => {
    server = await GatewayServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const read = (signed: SignedSettings | undefined): AgentSettings => {
    const { settings, signature } = signed ?? { settings: '', signature: '' }
    const key = server.orderKeys.chain.at(-1)?.publicKey ?? ''
    expect(isSignedByMachine(key, 'fleetsweep.agent.v1/settings', [settings], signature)).toBe(true)
    return schema.Parse(JSON.parse(settings))
  }

  it('is signed for the machine and the connection, told on connecting, and again when it is something else', async () => {
    const machine = await server.machine()
    await using agent = new FakeAgent(server.origin, machine)
    const bound = { machineId: machine.machineId, agentNonce: agent.agentNonce }
    expect(read((await agent.greet()).settings)).toEqual({ ...bound, counter: 1, signatureMirror: false })
    const beat = async () => {
      agent.send({ type: 'heartbeat', openActions: [] })
      return (await agent.next('reconciled')).settings
    }
    expect(await beat()).toBeUndefined()
    server.holdsSignatures = true
    expect(read(await beat())).toEqual({ ...bound, counter: 2, signatureMirror: true })
    expect(await beat()).toBeUndefined()
  })
})
