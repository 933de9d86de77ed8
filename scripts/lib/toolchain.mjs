// What npm brings: the packages of package-lock.json, among them the Node that everything else runs on.
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root, SetUpError, say } from './project.mjs'
import { run } from './run.mjs'

const modules = join(root, 'node_modules')
/** The first Node that has all we use: type stripping, node:sqlite, `using`. */
const OLDEST_NODE = 24

/** Installs the packages when they are not there, or not those that package-lock.json names. */
export async function ensureModules() {
  const missing = firstMissingPackage()
  if (missing === undefined) return
  say(`Installing npm packages (${missing}) …`)
  // `ci` installs exactly what the lock file names and never changes it. Dev dependencies are what we test and
  // build with, also where the environment says production.
  const code = await run('npm', ['ci', '--include=dev', '--include=optional', '--loglevel=error'], {
    quiet: true,
  })
  if (code !== 0) {
    throw new SetUpError(
      'npm could not install the packages; its own words are above. If they are about the lock file, ' +
        'package.json changed without it: run `npm run lock`.',
    )
  }
}

/** Says in a few words why an install is needed; undefined when none is. */
function firstMissingPackage() {
  const wanted = packagesIn(join(root, 'package-lock.json'))
  if (!existsSync(join(modules, '.package-lock.json'))) return 'none here yet'
  // npm writes this file last, so an interrupted install does not count.
  const present = packagesIn(join(modules, '.package-lock.json'))
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || !path.includes('node_modules/')) continue
    const found = present[path]
    if (found === undefined ? !entry.optional && !entry.peer : found.version !== entry.version) {
      return `${path.slice(path.lastIndexOf('node_modules/') + 13)} has changed`
    }
  }
  return undefined
}

function packagesIn(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages
}

/** The Node that runs the project: the one pinned in package.json, else this one when it is new enough. */
export function pinnedNode() {
  const pinned = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(pinned)) return pinned
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) return process.execPath
  throw new SetUpError(
    `There is no packaged Node for ${process.platform} ${process.arch}, and this one is ${process.version}. ` +
      `Install Node ${OLDEST_NODE} or newer and run the command with it.`,
  )
}

/** Runs a JavaScript or TypeScript program on the pinned Node; whatever it starts finds that Node first, too. */
export function runNode(args, { env = {} } = {}) {
  const node = pinnedNode()
  return run(node, args, {
    env: { ...env, PATH: `${join(node, '..')}${delimiter}${process.env.PATH ?? ''}` },
  })
}

/** The file behind a command of an installed package, to be run with `runNode`. */
export function packageBin(packageName, command) {
  const folder = join(modules, packageName)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[command])
}
