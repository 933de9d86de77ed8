import { FakeAgent, until } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { describe, expect, it } from 'vitest'

const TIMED_OUT = -2145844840

describe.each(['sqlite', 'postgres'] as const)('a machine action whose time is over, on %s', (database) => {
  it('ends as TimeOut after 72 hours, whether its machine never came or fell silent', async () => {
    await using server = await TestServer.start({ database })
    const { clock } = server
    const [away, silent] = [await server.enroll('away.example'), await server.enroll('silent.example')]
    const pending = await server.requestScan(away)
    const running = await server.requestScan(silent)
    clock.advance('1h')
    {
      await using agent = await FakeAgent.open(server.url, silent)
      await agent.nextOrder()
      await agent.tell(running.id, 1, { kind: 'accepted' })
    }
    const statuses = async () => [
      (await server.machineAction(pending.id)).status,
      (await server.machineAction(running.id)).status,
    ]
    /** Timers run with the clock, and what they write takes its own time. */
    const reach = (expected: readonly string[]) =>
      until(async () => {
        clock.advance('30s')
        return String(await statuses()) === String(expected)
      }, `the actions became ${expected}`)

    clock.advance('70h')
    expect(await statuses()).toEqual(['Pending', 'InProgress'])
    clock.advance('1h')
    await reach(['TimeOut', 'InProgress'])
    clock.advance('1h')
    await reach(['TimeOut', 'TimeOut'])

    expect(await server.machineAction(pending.id)).toMatchObject({
      errorHResult: TIMED_OUT,
      troubleshootInfo: 'The machine did not connect in time to take the scan.',
    })
    expect(await server.machineAction(running.id)).toMatchObject({
      errorHResult: TIMED_OUT,
      troubleshootInfo: 'The machine took the scan, then was not heard of in time.',
    })
    // Its machine is free for the next one.
    expect((await server.requestScan(away, 'Full')).status).toBe('Pending')
  })
})
