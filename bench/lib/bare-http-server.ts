// Fastify that sends one answer to every GET of a machine action and does nothing else: the least that a call costs.
import Fastify from 'fastify'

export type BareAnswer = { body: string; headers: Record<string, string> }

process.once('message', async ({ body, headers }: BareAnswer) => {
  const server = Fastify()
  server.get('/api/machineactions/:id', (_, reply) => reply.headers(headers).send(body))
  process.send?.(await server.listen({ host: '127.0.0.1', port: 0 }))
})
