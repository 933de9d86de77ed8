import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { ConnectionDrain } from './connection-drain.ts'

async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  const drain = new ConnectionDrain(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const closed = once(server, 'close')
  const stop = async () => {
    server.close()
    drain.begin()
    await closed
  }
  return { port, drain, stop }
}

describe('draining connections', () => {
  it('ends one that has not sent anything yet', async () => {
    const { port, stop } = await startServer(() => {})
    const silent = connect(port, '127.0.0.1')
    await once(silent, 'connect')
    await Promise.all([stop(), once(silent.resume(), 'close')])
  })

  it('waits for the answer that is under way, and for nothing after it', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    const { port, stop } = await startServer((_, response) => held.resolve(response))
    const asked = get({ port, host: '127.0.0.1', headers: { connection: 'keep-alive' } })
    const response = await held.promise
    const stopped = stop()
    response.end('finished')
    const [answer] = await once(asked, 'response')
    expect(await text(answer)).toBe('finished')
    await stopped
  })

  it('ends even those when there is no more time', async () => {
    const held = Promise.withResolvers<void>()
    const { port, drain, stop } = await startServer(() => held.resolve())
    const asked = get({ port, host: '127.0.0.1' })
    const failed = once(asked, 'error')
    await held.promise
    const stopped = stop()
    drain.endAll()
    await Promise.all([stopped, failed])
  })
})
