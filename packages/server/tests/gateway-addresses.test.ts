import { addMs, type Instant } from '@fleetsweep/protocol'
import { FakeAgent, type FakeMachine, sampleInventory, until } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { ALL_MACHINES } from '../src/principal/index.ts'
import { GatewayServer } from './gateway-server.ts'

const MINUTE_MS = 60_000
const [HOME, OFFICE] = ['192.0.2.10', '198.51.100.20']

const inventoryAt = (ipAddress: string) => ({
  ...sampleInventory(),
  ipAddresses: [{ ipAddress, macAddress: null, type: 'Ethernet', operationalStatus: 'Up' }],
})

describe('the addresses of a machine', () => {
  const had = async (server: GatewayServer, ip: string, moment: Instant) => {
    const address = { ip, from: addMs(moment, -15 * MINUTE_MS), to: addMs(moment, 15 * MINUTE_MS) }
    const query = { orderBy: [], skip: 0, pageSize: 10 }
    const selection = { kind: 'address', address } as const
    return (await server.of.machines.list(query, ALL_MACHINES, moment, selection)).rows.length === 1
  }
  const connect = async (server: GatewayServer, machine: FakeMachine, ip: string): Promise<FakeAgent> => {
    const agent = await FakeAgent.open(server.origin, machine)
    // The batch with the new connection may be written before the agent has told where it is.
    server.clock.advance('15s')
    agent.send({ type: 'inventory', inventory: inventoryAt(ip) })
    await agent.heartbeat()
    return agent
  }

  it('are its own while it is connected, and nobody’s while it is not', async () => {
    await using server = await GatewayServer.start()
    const machine = await server.machine()
    await using atHome = await connect(server, machine, HOME)
    const began = server.clock.now()
    for (let minutes = 0; minutes < 60; minutes += 1) {
      server.clock.advance('1m')
      await atHome.heartbeat()
    }
    const heardAt = server.clock.now()
    server.clock.advance('15s')
    const lastSeen = async () => (await server.of.machines.find(server.idOf(machine)))?.lastSeen
    await until(async () => (await lastSeen()) === heardAt, 'the batch was written')
    expect(await had(server, HOME, addMs(began, 30 * MINUTE_MS))).toBe(true)
    expect(await had(server, HOME, server.clock.now())).toBe(true)
    await atHome[Symbol.asyncDispose]()
    await until(() => !server.gateway.isConnected(server.tenant, server.idOf(machine)), 'the agent left')

    const left = server.clock.now()
    server.clock.advance('2h')
    await using atOffice = await connect(server, machine, OFFICE)
    const back = server.clock.now()
    expect(await had(server, HOME, addMs(left, 14 * MINUTE_MS))).toBe(true)
    expect(await had(server, HOME, addMs(left, 60 * MINUTE_MS))).toBe(false)
    expect(await had(server, HOME, back)).toBe(false)
    expect(await had(server, OFFICE, back)).toBe(true)
    expect(await had(server, OFFICE, addMs(left, 60 * MINUTE_MS))).toBe(false)
    await atOffice[Symbol.asyncDispose]()
  })
})
