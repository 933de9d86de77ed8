import { FakeServer } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CliTestIo } from './cli-test-io.ts'

let server: FakeServer
let io: CliTestIo

beforeEach(async () => {
  server = await new FakeServer().listen()
  io = new CliTestIo(server)
})
afterEach(() => server[Symbol.asyncDispose]())

describe('fleetsweep audit', () => {
  const entry = (n: number) => ({
    id: `entry-${n}`,
    at: `2026-11-23T08:12:${n}.5Z`,
    principal: { kind: 'user', id: 'ann', name: 'ann@contoso.example' },
    operation: 'machineAction.create',
    target: `action-${n}`,
    detail: { scanType: 'Quick' },
    position: n === 12 ? null : n,
    hash: n === 12 ? null : 'a'.repeat(64),
  })

  it('lists who changed what, and asks for what was wanted', async () => {
    server.auditEntries.push(entry(12), entry(11))
    expect(await io.run('audit list --principal ann --from 2026-11-23T08:00Z')).toBe(0)
    expect(server.requests.at(-1)).toBe('GET /fleet/v1/audit?principal=ann&from=2026-11-23T08%3A00Z')
    expect(io.stdout).toContain('11  2026-11-23 08:12:11Z  ann@contoso.example (user)  machineAction.create')
    expect(io.stdout).toMatch(/^ +– {2}2026-11-23 08:12:12Z/m)
  })

  it('reads no further than the limit', async () => {
    server.pageSize = 2
    server.auditEntries.push(...Array.from({ length: 9 }, (_, n) => entry(n + 20)))
    expect(await io.run('audit list --limit 2 --json')).toBe(0)
    expect(io.json()).toHaveLength(2)
    expect(server.requests.filter((request) => request.includes('/audit'))).toHaveLength(1)
  })

  it('says that the chain is intact and where it ends, so that one can write that down', async () => {
    const head = { position: 7, hash: 'b'.repeat(64), signedAt: '2026-11-23T08:12:26Z', keyId: 'key' }
    server.auditVerification = { ...server.auditVerification, entries: 7, head }
    expect(await io.run('audit verify')).toBe(0)
    expect(io.stdout).toContain(`intact: 7 entries. The chain ends at 7:${head.hash}`)
    expect(await io.run(`audit verify --head 7:${head.hash}`)).toBe(0)
    expect(server.requests.at(-1)).toBe(`GET /fleet/v1/audit/verification?head=7:${head.hash}`)
  })

  it('fails for a broken chain and names what is wrong, safe to print', async () => {
    server.auditVerification = {
      ...server.auditVerification,
      isIntact: false,
      findings: [{ kind: 'changed', from: 3, through: 3, entryId: 'x', sentence: 'Entry\u001b[2J at 3' }],
      findingsLeftOff: 2,
    }
    expect(await io.run('audit verify')).toBe(1)
    expect(io.stdout).toContain('NOT intact')
    expect(io.stdout).toContain('  changed: Entry\\u{1b}[2J at 3\n  … and 2 more.\n')
  })

  it.each(['audit', 'audit check', 'audit list --from yesterday', 'audit verify --head 7'])(
    'is misused as: %s',
    async (line) => {
      expect(await io.run(line)).toBe(2)
      expect(io.stderr).toContain('fleetsweep audit --help')
    },
  )
})
