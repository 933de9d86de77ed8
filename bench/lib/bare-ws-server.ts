// A WebSocket server that sends back what it gets: the least that any channel over `ws` costs.
import { once } from 'node:events'
import { WebSocketServer } from 'ws'

process.once('message', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The bare server has no port.')
  process.send?.(`ws://127.0.0.1:${address.port}`)
})
