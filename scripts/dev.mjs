// The server from its sources, restarted when they change: `npm run dev`, or `npm run dev -- <arguments>`.
import { join } from 'node:path'
import { main, root } from './lib/project.mjs'
import { setUp } from './lib/set-up.mjs'
import { runNode } from './lib/toolchain.mjs'

await main(async () => {
  await setUp()
  const args = process.argv.slice(2)
  return runNode(['--watch', join(root, 'programs/fleetsweep.ts'), ...(args.length > 0 ? args : ['server'])])
})
