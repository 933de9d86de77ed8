// What ships: `npm run build` makes dist/<program>.mjs of each programs/<program>.ts, complete in one file but for the
// native addon beside it, and dist/client/, the client library as a package. The server looks beside its bundle for
// dist/console/ with the console's files, for dist/api-docs/ with the page that shows the API's description, and for
// dist/agent/ with the agent that other machines install.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { main, root } from './lib/project.mjs'
import { setUp } from './lib/set-up.mjs'
import { packageBin, runNode } from './lib/toolchain.mjs'

/** Builds everything and returns the exit code. */
export async function build() {
  const programs = readdirSync(join(root, 'programs')).filter((name) => name.endsWith('.ts'))
  const entries = programs.map((name) => join(root, 'programs', name))
  const lib = join(root, 'scripts/lib')
  const code =
    (await runNode([join(lib, 'bundle.mjs'), join(root, 'dist'), ...entries])) ||
    (await runNode([join(lib, 'agent-package.mjs'), join(root, 'dist')])) ||
    (await runNode([join(lib, 'api-docs.mjs'), join(root, 'dist/api-docs')])) ||
    (await runNode([join(lib, 'client-package.mjs'), join(root, 'dist/client')]))
  if (code !== 0 || !existsSync(join(root, 'packages/console/vite.config.ts'))) return code
  const outDir = ['--outDir', join(root, 'dist/console'), '--emptyOutDir', '--logLevel', 'warn']
  return runNode([packageBin('vite', 'vite'), 'build', join(root, 'packages/console'), ...outDir])
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    await setUp()
    return build()
  })
}
