// A WebSocket server that answers with the moment of its answer: the least that any message over `ws` costs.
import { once } from 'node:events'
import { WebSocketServer } from 'ws'

process.once('message', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  server.on('connection', (socket) => {
    // The same clock for every process of a machine.
    socket.on('message', () => socket.send(String(process.hrtime.bigint())))
  })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The bare server has no port.')
  process.send?.(`ws://127.0.0.1:${address.port}`)
})
