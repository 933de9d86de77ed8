// Types, lint and format: `npm run check`; `npm run format` also mends what is only form. (The import rules are a test: tests/import-rules.test.ts.)
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { main, ownHome, root, say } from './lib/project.mjs'
import { setUp } from './lib/set-up.mjs'
import { packageBin, runNode } from './lib/toolchain.mjs'

/** Runs every check, also after one has failed, and returns the exit code. */
export async function check({ write = false } = {}) {
  const tsc = packageBin('typescript', 'tsc')
  // The console is built for browsers and has settings of its own.
  const projects = ['.', 'packages/console'].filter((folder) =>
    existsSync(join(root, folder, 'tsconfig.json')),
  )
  const commands = projects.map((folder) => [tsc, '--project', folder])
  commands.push([
    packageBin('@biomejs/biome', 'biome'),
    'check',
    ...(write ? ['--write'] : ['--error-on-warnings']),
    '.',
  ])
  let failed = 0
  for (const command of commands) if ((await runNode(command, { env: ownHome })) !== 0) failed = 1
  say(
    failed === 0
      ? 'Types, lint and format are fine.'
      : 'Check failed. `npm run format` mends what is only form.',
  )
  return failed
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    await setUp()
    return check({ write: process.argv.includes('--write') })
  })
}
