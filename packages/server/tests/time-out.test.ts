import { buildEngine, buildProgress, FakeAgent, until } from '@fleetsweep/testkit'
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

  it('ends after seven days of silence where the scan could have gone on, and says how far it was', async () => {
    await using server = await TestServer.start({ database })
    const { clock } = server
    const machine = await server.enroll('silent.example')
    const { id } = await server.requestScan(machine)
    {
      await using agent = await FakeAgent.open(server.url, machine)
      await agent.nextOrder()
      await agent.tell(id, 1, { kind: 'accepted' })
      await agent.tell(id, 2, { kind: 'started', attempt: 1, engine: buildEngine() })
      agent.send({ type: 'progress', actionId: id, progress: buildProgress() })
      // Progress is written with the clock.
      await until(async () => {
        clock.advance('1s')
        return (await server.scan(id)).progress?.filesDone === 480
      }, 'the progress is written')
    }
    const status = async () => (await server.machineAction(id)).status
    clock.advance('6d')
    clock.advance('23h')
    for (let run = 0; run < 3; run++) {
      clock.advance('30s')
      expect(await status()).toBe('InProgress')
    }
    await until(async () => {
      clock.advance('10m')
      return (await status()) === 'TimeOut'
    }, 'the scan has ended')
    const { troubleshootInfo } = await server.machineAction(id)
    expect(troubleshootInfo).toMatch(
      /^The machine began the scan and was not heard of since 2\d{3}-.*; it had done 480 of 1,200 files\.$/,
    )
  })
})
