import { randomUUID } from 'node:crypto'
import { FakeAgent, type FakeMachine, sampleInventory } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CALL_LIMITS } from '../src/principal/call-limits.ts'
import { call } from './call.ts'

/** Linux has all of 127.0.0.0/8: one of these is the proxy, the other is anybody. */
const PROXY = '127.0.0.2'
const ANYBODY = '127.0.0.1'
const CLAIMED = '203.0.113.9'
/** What an address may ask for in a minute without a form that says who calls. */
const PER_MINUTE = CALL_LIMITS.token.perMinute ?? 0

let server: TestServer
let machine: FakeMachine
beforeEach(async () => {
  server = await TestServer.start({ config: { trustedProxies: [PROXY] } })
  machine = await server.enroll()
})
afterEach(() => server[Symbol.asyncDispose]())

const headers = { 'x-forwarded-for': CLAIMED, 'x-forwarded-proto': 'https' }

describe('the address of an agent’s channel', () => {
  it.each([
    ['what the proxy says', PROXY, CLAIMED],
    ['its connection’s own, whatever anybody else says', ANYBODY, ANYBODY],
  ])('is %s', async (_, localAddress, expected) => {
    await using agent = new FakeAgent(server.url, machine, randomUUID(), { localAddress, headers })
    await agent.greet()
    agent.send({ type: 'inventory', inventory: sampleInventory('lab-01.example') })
    await agent.heartbeat()
    const seen = await (await server.call(`GET /api/machines/${machine.machineId}`)).json()
    expect(seen).toMatchObject({ lastExternalIpAddress: expected })
  })
})

describe('calls of routes that know no caller', () => {
  const ask = async (from: string, claimed: string) => {
    const path = `POST /${server.made.tenant.id}/oauth2/v2.0/token`
    return (await call(server.url, path, { from, headers: { 'x-forwarded-for': claimed } })).status
  }
  const askOften = async (from: string, claimed: (n: number) => string) => {
    const statuses: number[] = []
    for (let n = 0; n <= PER_MINUTE; n += 1) statuses.push(await ask(from, claimed(n)))
    return statuses
  }

  it('are limited by where they come from, whatever they say of it', async () => {
    const statuses = await askOften(ANYBODY, (n) => `198.51.100.${n % 250}`)
    expect(statuses[0]).toBe(400)
    expect(statuses.at(-1)).toBe(429)
  })

  it('are limited by where the proxy says that they come from', async () => {
    const statuses = await askOften(PROXY, () => CLAIMED)
    expect(statuses.at(-1)).toBe(429)
    expect(await ask(PROXY, '198.51.100.1')).toBe(400)
    // What stands further left came from outside.
    expect(await ask(PROXY, `198.51.100.2, ${CLAIMED}`)).toBe(429)
  })
})
