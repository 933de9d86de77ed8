// https://learn.microsoft.com/en-us/entra/msal/javascript/node/
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createServer, type Server } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { CLI_CLIENT_ID, instantFromMs, type UserGroupId } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLocalCa, issueServerCertificate } from '../packages/server/src/tls/index.ts'
import { ApiServer, sqliteDatabase } from '../packages/server/tests/api-server.ts'
import { NAME, PASSWORD } from '../packages/server/tests/sign-in-flow.ts'
import { TestBrowser } from '../packages/server/tests/test-browser.ts'

const PROGRAM = fileURLToPath(new URL('./sign-in-libraries/person.ts', import.meta.url))

let folder: string
let proxy: Server
let origin: string
let api: ApiServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetsweep-person-'))
  const now = instantFromMs(Date.now())
  const ca = await createLocalCa(['localhost'], now)
  const leaf = await issueServerCertificate(ca, ['localhost'], now)
  writeFileSync(join(folder, 'ca.crt'), ca.certPem)
  // The server's clock stands still; this speaks TLS for it.
  proxy = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (socket) => {
    const inner = connect(Number(new URL(api.origin).port), '127.0.0.1')
    for (const side of [socket, inner]) side.on('error', () => {})
    socket.pipe(inner).pipe(socket)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  origin = `https://localhost:${(proxy.address() as AddressInfo).port}`
  api = await ApiServer.start(sqliteDatabase, { publicOrigins: [origin] })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  proxy.close()
  rmSync(folder, { recursive: true })
})

describe('a person who signs in with a library of Microsoft’s', () => {
  it('confirms a code in a browser; the program calls in their name, and renews its token', async () => {
    await api.userWithPassword(NAME, PASSWORD, [await analysts()])
    const program = spawn(process.execPath, [PROGRAM, origin, api.tenant, CLI_CLIENT_ID], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt') },
    })
    const lines = createInterface(program.stdout)[Symbol.asyncIterator]()
    const nextLine = async () => JSON.parse((await lines.next()).value ?? 'null')
    const asked = await nextLine()
    expect(asked.verificationUri).toBe(`${origin}/${api.tenant}/device`)

    const browser = new TestBrowser(origin, api.origin)
    const entry = await browser.open(asked.verificationUri)
    const confirmation = await browser.submit(entry, { user_code: asked.userCode })
    const page = await browser.submit(confirmation, { confirm: 'yes' })
    const done = await browser.submit(page, { name: NAME, password: PASSWORD })
    expect(done.text).toContain('You have signed in')

    const used = { status: 200, scp: 'Machine.Scan Machine.Read' }
    expect(await nextLine()).toEqual({
      username: NAME,
      tenantId: api.tenant,
      first: used,
      renewed: used,
      isAnother: true,
    })
  })
})

async function analysts(): Promise<UserGroupId> {
  const admin = await api.caller(['Fleet.Admin'])
  const group = (await admin('POST /fleet/v1/userGroups', { body: { displayName: 'Analysts' } })).json<{
    id: UserGroupId
  }>()
  const role = { displayName: 'Analyst', permissions: ['ViewData'], userGroupIds: [group.id] }
  expect((await admin('POST /fleet/v1/roles', { body: role })).status).toBe(201)
  return group.id
}
