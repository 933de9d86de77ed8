// Fastify that sends one answer to every GET of a machine action and does nothing else: the least that a call costs. Told
// of a database, it also reads the action's row for each call and does nothing with it: the least that the truth costs.
import { DatabaseSync } from 'node:sqlite'
import Fastify from 'fastify'

export type BareAnswer = {
  body: string
  headers: Record<string, string>
  /** A SQLite file with the machine actions of this tenant. */
  database?: { path: string; tenant: string }
}

process.once('message', async ({ body, headers, database }: BareAnswer) => {
  const server = Fastify()
  const read = database === undefined ? () => {} : reader(database)
  server.get<{ Params: { id: string } }>('/api/machineactions/:id', ({ params }, reply) => {
    read(params.id)
    return reply.headers(headers).send(body)
  })
  process.send?.(await server.listen({ host: '127.0.0.1', port: 0 }))
})

function reader({ path, tenant }: { path: string; tenant: string }): (id: string) => void {
  const db = new DatabaseSync(path, { readOnly: true })
  const statement = db.prepare('SELECT * FROM machine_action WHERE tenant = ? AND id = ?')
  statement.setReturnArrays(true)
  return (id) => {
    if (!statement.get(tenant, id)) throw new Error(`There is no action ${id}.`)
  }
}
