import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { INSTALL_SCRIPT_PATH } from '@fleetsweep/protocol'
import { TestServer } from '@fleetsweep/testkit/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAgentPackages } from '../src/agent-package/index.ts'

const FILE = 'fleetsweep-agent-1.2.3-linux-x64.tar.gz'
const content = Buffer.alloc(300_000, 'archive')
const sha256 = createHash('sha256').update(content).digest('hex')

describe('the agent for other machines', () => {
  let folder: string
  let server: TestServer
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-agent-'))
    const archives = [{ arch: 'x64', file: FILE, sha256, sizeBytes: content.length }]
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ version: '1.2.3', archives }))
    writeFileSync(join(folder, FILE), content)
    writeFileSync(join(folder, 'secret.txt'), 'not in the manifest')
    writeFileSync(
      join(folder, 'install.sh'),
      "#!/bin/sh\nSERVER='@SERVER@'\nVERSION='@VERSION@'\nX='@SHA256_X64@'\nARM='@SHA256_ARM64@'\n",
    )
    server = await TestServer.start({ parts: { agentDir: folder } })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is installed by a script that names this server, the version and what has to come', async () => {
    const answer = await fetch(`${server.url}${INSTALL_SCRIPT_PATH}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/x-shellscript; charset=utf-8',
    ])
    expect(await answer.text()).toBe(
      `#!/bin/sh\nSERVER='${server.url}'\nVERSION='1.2.3'\nX='${sha256}'\nARM=''\n`,
    )
  })

  it('comes whole, and says how long it is', async () => {
    const answer = await fetch(`${server.url}/fleet/v1/agent/packages/${FILE}`)
    expect(answer.headers.get('content-length')).toBe(String(content.length))
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true)
  })

  it.each(['secret.txt', 'manifest.json', '..%2Fpackage.json', '%2Fetc%2Fpasswd'])(
    'is all that is sent: %s is not found',
    async (name) => {
      expect((await fetch(`${server.url}/fleet/v1/agent/packages/${name}`)).status).toBe(404)
    },
  )

  it('says how it is made where it was not', async () => {
    await using unbuilt = await TestServer.start()
    const answer = await fetch(`${unbuilt.url}${INSTALL_SCRIPT_PATH}`)
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('npm run build')
  })

  it('never puts into the script what would end a word of the shell', () => {
    expect(() => readAgentPackages(folder).installScript("https://a'; reboot #")).toThrow(/cannot stand/)
  })
})
