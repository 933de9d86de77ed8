import type { FleetEvent } from '@fleetsweep/protocol'
import { buildProgress, buildReport, FakeServer } from '@fleetsweep/testkit'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { platformRuntime } from './client-runtime.ts'
import { EventLines, type WatchedEvent } from './event-stream.ts'
import { FleetsweepClient } from './fleetsweep-client.ts'
import { clientCredentials } from './sign-in/client-credentials.ts'

let server: FakeServer
let client: FleetsweepClient
let abort: AbortController

beforeEach(async () => {
  server = await new FakeServer().listen()
  const { baseUrl } = server
  const platform = platformRuntime()
  // Pauses of a second and more take no time; the timer for silence, far longer, never fires.
  const runtime = {
    ...platform,
    clock: {
      ...platform.clock,
      setTimer: (ms: number, run: () => void) => platform.clock.setTimer(ms >= 90_000 ? ms : 1, run),
    },
  }
  client = new FleetsweepClient({
    baseUrl,
    tokens: clientCredentials({ ...server, baseUrl }, runtime),
    runtime,
  })
  abort = new AbortController()
})
afterEach(async () => {
  abort.abort()
  await server[Symbol.asyncDispose]()
})

describe('watching events', () => {
  it('tells that it is connected, then every change', async () => {
    const action = server.addAction()
    const events = client.watchEvents({ signal: abort.signal })
    expect((await events.next()).value).toEqual({ type: 'connected' })
    server.progress(action.id, buildProgress({ percent: 12 }))
    expect((await events.next()).value).toMatchObject({ type: 'scanProgress', progress: { percent: 12 } })
    server.move(action.id, { status: 'InProgress' })
    expect((await events.next()).value).toMatchObject({ machineAction: { status: 'InProgress' } })
  })

  it('connects again when the stream ends, and says so', async () => {
    const seen: WatchedEvent['type'][] = []
    for await (const event of client.watchEvents({ signal: abort.signal })) {
      seen.push(event.type)
      if (seen.length === 4) break
      if (event.type === 'connected') await server.until(({ streams }) => streams > 0)
      server.endStreams()
    }
    expect(seen).toEqual(['connected', 'disconnected', 'connected', 'disconnected'])
  })

  it('ends with the error when the server refuses the stream', async () => {
    const body = JSON.stringify({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: 'Scan.Read.All is missing',
      code: 'Forbidden',
      instance: 'x',
    })
    server.refuseNext({ path: /events/, status: 403, body })
    await expect(client.watchEvents({ signal: abort.signal }).next()).rejects.toMatchObject({
      code: 'Forbidden',
    })
  })

  it('passes over kinds of event that it does not know', async () => {
    const events = client.watchEvents({ signal: abort.signal })
    await events.next()
    server.write('event: news\ndata: {"type":"news"}\n\n')
    const action = server.addAction()
    server.move(action.id, { status: 'InProgress' })
    expect((await events.next()).value).toMatchObject({ type: 'machineAction' })
  })

  it('ends quietly when its caller aborts', async () => {
    const events = client.watchEvents({ signal: abort.signal })
    await events.next()
    const next = events.next()
    abort.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('closes its connection when its caller stops listening', async () => {
    for await (const _ of client.watchEvents({ signal: abort.signal })) break
    await server.until(({ streams }) => streams === 0)
  })
})

describe('waiting for an action', () => {
  it('resolves with the final action, having told of each step', async () => {
    const action = server.addAction()
    const steps: string[] = []
    const first = Promise.withResolvers<void>()
    const waiting = client.waitForMachineAction(action.id, {
      onAction: ({ status }) => {
        steps.push(status)
        first.resolve()
      },
      onProgress: ({ percent }) => steps.push(`${percent} %`),
      pollMs: 3_600_000,
    })
    await Promise.all([first.promise, server.until(({ streams }) => streams > 0)])
    server.move(action.id, { status: 'InProgress' })
    server.progress(action.id, buildProgress({ percent: 50 }))
    server.succeed(action.id, buildReport())
    expect((await waiting).status).toBe('Succeeded')
    expect(steps).toEqual(['Pending', 'InProgress', '50 %', 'Succeeded'])
  })

  it('looks now and then where live events are forbidden', async () => {
    server.refuseNext({ path: /events/, status: 403 })
    const action = server.addAction()
    const waiting = client.waitForMachineAction(action.id)
    await server.until(({ requests }) => requests.filter((one) => one.includes(action.id)).length > 2)
    server.succeed(action.id, buildReport())
    expect((await waiting).status).toBe('Succeeded')
  })

  it('looks now and then where a server does not hold its answers, and asks it to no more', async () => {
    server.refuseNext({ path: /fleet\/v1\/machineActions/, status: 404, times: 9 })
    const action = server.addAction()
    const waiting = client.waitForMachineAction(action.id)
    const looks = () => server.requests.filter((one) => one.includes(action.id))
    await server.until(() => looks().length > 4)
    server.succeed(action.id, buildReport())
    expect((await waiting).status).toBe('Succeeded')
    expect(looks().filter((one) => one.includes('?wait=50'))).toHaveLength(1)
  })

  it('waits for a server that fails meanwhile', async () => {
    const action = server.addAction()
    for (let n = 0; n < 6; n++) server.refuseNext({ path: /machineactions/, status: 500, body: 'oops' })
    const waiting = client.waitForMachineAction(action.id)
    await server.until(({ requests }) => requests.filter((one) => one.includes(action.id)).length > 6)
    server.succeed(action.id, buildReport())
    expect((await waiting).status).toBe('Succeeded')
  })

  it('throws for an action that does not exist', async () => {
    await expect(client.waitForMachineAction('missing')).rejects.toMatchObject({ code: 'ResourceNotFound' })
  })

  it('throws what a listener throws', async () => {
    const action = server.addAction()
    const waiting = client.waitForMachineAction(action.id, {
      onProgress: () => {
        throw new Error('broken pipe')
      },
      pollMs: 3_600_000,
    })
    const outcome = expect(waiting).rejects.toThrow('broken pipe')
    await server.until(({ streams }) => streams > 0)
    server.progress(action.id, buildProgress())
    await outcome
  })

  it('ends with the reason of a caller that aborts', async () => {
    const action = server.addAction()
    const waiting = client.waitForMachineAction(action.id, { signal: abort.signal, pollMs: 3_600_000 })
    const outcome = expect(waiting).rejects.toThrow('enough')
    await server.until(({ requests }) => requests.some((one) => one.includes(action.id)))
    abort.abort(new Error('enough'))
    await outcome
  })
})

describe('server-sent events in pieces', () => {
  const event = (data: unknown) => `event: x\ndata: ${JSON.stringify(data)}\n\n`

  it('come out whole, however they were cut', () => {
    const data: FleetEvent[] = [
      { type: 'scanProgress', actionId: 'a', progress: buildProgress() },
      { type: 'scanProgress', actionId: 'b', progress: buildProgress({ percent: 1 }) },
    ]
    const endings = fc.constantFrom('\n', '\r\n', '\r')
    fc.assert(
      fc.property(endings, fc.array(fc.nat(400)), (ending, cuts) => {
        const text = `: hello\n\n${data.map(event).join('')}`.replaceAll('\n', ending)
        const lines = new EventLines()
        const out: string[] = []
        let from = 0
        for (const cut of [...cuts.sort((a, b) => a - b), text.length]) {
          out.push(...lines.push(text.slice(from, cut)))
          from = Math.max(from, cut)
        }
        // A bare CR at the very end may still be half of a CRLF.
        out.push(...lines.push('\n'))
        expect(out.map((one) => JSON.parse(one))).toEqual(data)
      }),
    )
  })

  it('join the lines of one event', () => {
    expect(new EventLines().push('data: a\ndata:b\nid: 4\n\n')).toEqual(['a\nb'])
  })

  it('refuse one that never ends', () => {
    const lines = new EventLines()
    const endless = () => {
      for (;;) lines.push(`data: ${'x'.repeat(100_000)}\n`)
    }
    expect(endless).toThrow(/larger/)
  })
})
