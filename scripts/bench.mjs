// Benchmarks: `npm run bench -- <name>` runs bench/<name>.ts. They compare with a peer in the same run; none is a test.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, SetUpError } from './lib/project.mjs'
import { setUp } from './lib/set-up.mjs'
import { runNode } from './lib/toolchain.mjs'

await main(async () => {
  const [name, ...args] = process.argv.slice(2)
  const file = join(root, 'bench', `${name}.ts`)
  if (name === undefined || !existsSync(file)) {
    const names = readdirSync(join(root, 'bench')).filter((each) => each.endsWith('.ts'))
    const known = names.map((each) => each.slice(0, -'.ts'.length)).join(', ')
    throw new SetUpError(`Which benchmark? npm run bench -- <name>, of: ${known}`)
  }
  await setUp({ needs: ['clamav', 'clamdscan', 'postgres'] })
  return runNode([file, ...args])
})
