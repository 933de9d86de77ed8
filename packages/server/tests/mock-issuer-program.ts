// An issuer of another make in a process of its own; what it is told to do comes by IPC, from mock-issuer.ts.
import { Events, OAuth2Server } from 'oauth2-mock-server'
import type { MockIssuerAnswer, MockIssuerOrder } from './mock-issuer.ts'

const [keyFile, certFile] = process.argv.slice(2)
const server = new OAuth2Server(keyFile, certFile)
const { issuer, service } = server
/** How it answers whoever asks for its keys; `newest` has taken the older ones back. */
let keysBy = '/jwks'
let timesAsked = 0
const waiting: (() => void)[] = []

service.on(Events.BeforeWellKnownOpenIdConfiguration, ({ body }: { body: Record<string, unknown> }) => {
  timesAsked += 1
  if (keysBy === '/jwks-of-another') body.issuer = 'https://elsewhere.example'
  else body.jwks_uri = `${issuer.url}${keysBy}`
})
service.addRoute('GET', '/jwks-newest', (_, response) => {
  response.end(JSON.stringify({ keys: issuer.keys.toJSON().slice(-1) }))
})
service.addRoute('GET', '/jwks-huge', (_, response) => {
  response.end(JSON.stringify({ keys: issuer.keys.toJSON(), padding: 'x'.repeat(300 * 1024) }))
})
service.addRoute('GET', '/jwks-slow', (_, response) => {
  response.write('{"keys":')
  return new Promise<void>((resolve) => waiting.push(resolve))
})
service.addRoute('GET', '/jwks-elsewhere', (_, response) => {
  response.writeHead(302, { location: `${issuer.url}/jwks` }).end()
})
service.addRoute('GET', '/jwks-broken', (_, response) => {
  response.end('<html>')
})
service.addRoute('GET', '/jwks-secret', (_, response) => {
  const keys = issuer.keys.toJSON().map(({ kid }) => ({ kty: 'oct', kid, alg: 'HS256', k: 'c2VjcmV0' }))
  response.end(JSON.stringify({ keys }))
})

async function obey(order: MockIssuerOrder): Promise<unknown> {
  switch (order.do) {
    case 'sign':
      return issuer.buildToken({
        kid: order.kid,
        scopesOrTransform: (header, payload) => {
          Object.assign(header, order.header)
          for (const claim of Object.keys(payload)) delete payload[claim]
          Object.assign(payload, order.claims)
        },
      })
    case 'rotate':
      return (await issuer.keys.generate(order.algorithm)).kid
    case 'answer':
      keysBy = order.by === 'usual' ? '/jwks' : `/jwks-${order.by}`
      return null
    case 'publicKeys':
      return issuer.keys.toJSON()
    case 'timesAsked':
      return timesAsked
  }
}

await issuer.keys.generate('RS256')
await server.start(0, 'localhost')
process.on('message', async (order: MockIssuerOrder) => {
  const { number } = order
  process.send?.(
    await obey(order).then(
      (value): MockIssuerAnswer => ({ number, value }),
      (error: unknown): MockIssuerAnswer => ({ number, error: String(error) }),
    ),
  )
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
process.send?.({ number: 0, value: issuer.url } satisfies MockIssuerAnswer)
