import { ensureModules, ensureNodeStarts } from './toolchain.mjs'
import { ensureTools } from './tools.mjs'

/** Everything that a command needs before it can start; `needs` names the parts beside npm's packages. */
export async function setUp({ needs = [] } = {}) {
  await ensureModules()
  await ensureNodeStarts()
  return needs.length > 0 ? ensureTools(needs) : {}
}
