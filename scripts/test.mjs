// Everything from nothing: `npm test`, or `npm test -- <path or Vitest option>` for a part.

import { join } from 'node:path'
import { build } from './build.mjs'
import { check } from './check.mjs'
import { main, stateDir } from './lib/project.mjs'
import { setUp } from './lib/set-up.mjs'
import { packageBin, runNode } from './lib/toolchain.mjs'

await main(async () => {
  await setUp({ needs: ['clamav', 'postgres', 'strace', 'chromium'] })
  const failed = (await check()) || (await build())
  if (failed) return failed
  // Vitest keeps a token among the user's data; the person's home is none of our business.
  const env = { XDG_DATA_HOME: join(stateDir, 'data') }
  return runNode([packageBin('vitest', 'vitest'), 'run', ...process.argv.slice(2)], { env })
})
