import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { AuditVerification } from '@fleetsweep/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { runServerMain } from '../src/main.ts'
import { ServerProcess } from './program.ts'

describe('the audit of a data directory', () => {
  let dataDir = ''
  let verified: AuditVerification

  const run = async (...args: string[]) => {
    const said = { out: '', err: '' }
    const code = await runServerMain([...args, '--data', dataDir], {
      env: {},
      out: (text) => {
        said.out += text
      },
      err: (text) => {
        said.err += text
      },
    })
    return { code, ...said }
  }
  const tamper = (sql: string) => {
    const file = new DatabaseSync(join(dataDir, 'fleetsweep.db'))
    file.exec(sql)
    file.close()
  }

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-audit-'))
    dataDir = join(folder, 'data')
    await run('init', '--no-tls')
    await using server = await ServerProcess.start(dataDir)
    await run('applications', 'create', 'Another', '--permission', 'Machine.Read.All')
    await run('keys', 'rotate-audit')
    await server.stop()
    verified = JSON.parse((await run('verify-audit', '--json')).out)
    return () => rmSync(folder, { recursive: true, force: true })
  })

  it('is sealed to the last entry when the server stops', () => {
    expect(verified).toMatchObject({ isIntact: true, unsealed: 0, findings: [] })
    expect(verified.entries).toBe(verified.head?.position)
    expect(verified.entries).toBeGreaterThanOrEqual(6)
  })

  it('is verified without a server, against a noted head, too', async () => {
    const noted = `${verified.head?.position}:${verified.head?.hash}`
    expect(await run('verify-audit', '--head', noted)).toMatchObject({ code: 0, err: '' })
    expect(await run('verify-audit', '--head', `1:${'0'.repeat(64)}`)).toMatchObject({
      code: 1,
      out: expect.stringContaining('notTheNotedHead: The chain has another hash at 1'),
    })
  })

  it('is said to be broken, and the command fails, when an entry was changed', async () => {
    tamper(`UPDATE audit_entry SET principal_name = 'nobody' WHERE position = 2`)
    const broken = await run('verify-audit')
    expect(broken.code).toBe(1)
    expect(broken.out).toMatch(/NOT intact: .*\n {2}changed: Entry [\w-]{36} at 2 is not what was sealed/)
  })

  it.each([['--head', '7'], ['now']])('is misused with %s', async (...args) => {
    expect((await run('verify-audit', ...args)).code).toBe(2)
  })
})
