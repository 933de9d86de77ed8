// Everything from nothing: `npm test`, or `npm test -- <path or Vitest option>` for a part.

import { build } from './build.mjs'
import { check } from './check.mjs'
import { main, ownHome } from './lib/project.mjs'
import { setUp } from './lib/set-up.mjs'
import { packageBin, runNode } from './lib/toolchain.mjs'

await main(async () => {
  await setUp({ needs: ['clamav', 'postgres', 'strace', 'chromium', 'installing', 'bare-system'] })
  const failed = (await check()) || (await build())
  if (failed) return failed
  return runNode([packageBin('vitest', 'vitest'), 'run', ...process.argv.slice(2)], { env: ownHome })
})
