import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { whyForbidden } from './import-rules.ts'
import { repositoryFiles, root } from './repository-files.ts'

const IMPORT = /(?:\bfrom|\bimport|\bimport\()\s*'([^']+)'/g

describe('imports', () => {
  it('keep to the directions of the architecture', () => {
    const broken = repositoryFiles('packages')
      .filter((path) => /\.tsx?$/.test(path))
      .flatMap((path) =>
        importsOf(path).flatMap((target) => {
          const why = whyForbidden(path, target)
          return why === undefined ? [] : [`${path} must not import ${target}: ${why}`]
        }),
      )
    expect(broken).toEqual([])
  })

  it.each([
    ['packages/agent/src/main.ts', '@fleetsweep/server', 'ship alone'],
    ['packages/server/src/app.ts', 'packages/agent/src/main.ts', 'ships alone'],
    ['packages/cli/src/main.ts', '@fleetsweep/server', 'what the API offers'],
    ['packages/client/src/client.ts', 'packages/protocol/src/ids.ts', 'by its name'],
    ['packages/protocol/src/ids.ts', 'node:fs', 'browsers'],
    ['packages/agent/src/main.ts', 'scripts/lib/run.mjs', 'stand on their own'],
    ['packages/server/src/kit/db/flusher.ts', 'packages/server/src/machine/index.ts', 'knows none'],
    ['packages/server/src/machine/machine.ts', 'packages/server/src/app.ts', 'knows everything'],
    ['packages/server/src/scan/reconcile.ts', 'packages/server/src/machine/machine.ts', 'index.ts'],
    ['packages/server/src/scan/http/get-scan.ts', 'packages/server/src/scan/scan-store.ts', 'its service'],
    ['packages/server/src/scan/scan-service.ts', 'packages/server/src/scan/http/get-scan.ts', 'mounts'],
    ['packages/server/src/scan/scan-service.ts', 'packages/server/src/kit/db/query.ts', 'SQL'],
  ])('from %s to %s are refused with the reason', (from, to, reason) => {
    expect(whyForbidden(from, to)).toContain(reason)
  })

  it.each([
    ['packages/cli/src/main.ts', '@fleetsweep/client'],
    ['packages/server/src/app.ts', 'packages/server/src/scan/http/get-scan.ts'],
    ['packages/server/src/scan/reconcile.ts', 'packages/server/src/machine/index.ts'],
    ['packages/server/src/scan/scan-store-sql.ts', 'packages/server/src/kit/db/query.ts'],
    ['packages/server/tests/scan-lifecycle.test.ts', '@fleetsweep/agent'],
    ['packages/testkit/src/fake-agent.ts', '@fleetsweep/server'],
  ])('from %s to %s are fine', (from, to) => {
    expect(whyForbidden(from, to)).toBeUndefined()
  })
})

/** Paths within the repository, names of our packages, and Node's own modules. */
function importsOf(path: string): string[] {
  const targets = [...readFileSync(join(root, path), 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? '')
  return targets
    .map((target) => (target.startsWith('.') ? posix.join(posix.dirname(path), target) : target))
    .filter((target) => /^(node:|@fleetsweep\/|[^@]*\/.*\.\w+$)/.test(target))
}
