// The main job, shown on this machine: `npm run demo`, or `npm run demo -- --exit` to stop everything at the end.
import { join } from 'node:path'
import { main, root } from './lib/project.mjs'
import { setUp } from './lib/set-up.mjs'
import { runNode } from './lib/toolchain.mjs'

await main(async () => {
  await setUp({ needs: ['clamav'] })
  return runNode([join(root, 'demo/demo.ts'), ...process.argv.slice(2)])
})
