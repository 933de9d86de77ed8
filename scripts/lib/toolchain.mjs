// What npm brings: the packages of package-lock.json, among them the Node that everything else runs on.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { debianTriplet, unpackPackages } from './apt.mjs'
import { root, SetUpError, say, stateDir } from './project.mjs'
import { run } from './run.mjs'

const modules = join(root, 'node_modules')
/** The first Node that has all we use: type stripping, node:sqlite, `using`. */
const OLDEST_NODE = 24
const nodeDebian = join(stateDir, 'debian-node')
const nodeLibraries = join(nodeDebian, 'root/usr/lib', debianTriplet)

/** Installs the packages when they are not there, or not those that package-lock.json names. */
export async function ensureModules() {
  const missing = firstMissingPackage()
  if (missing === undefined) return
  say(`Installing npm packages (${missing}) …`)
  // `ci` installs exactly what the lock file names and never changes it. Dev dependencies are what we test and
  // build with, also where the environment says production. No package of ours needs its install script.
  const options = ['--include=dev', '--include=optional', '--ignore-scripts', '--loglevel=error']
  // npm puts node_modules/.bin first, and there the pinned Node, which this may be about to remove.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith('node_modules/.bin'))
  const env = { PATH: path.join(delimiter) }
  const code = await run('npm', ['ci', ...options], { env, quiet: true })
  if (code !== 0) {
    throw new SetUpError(
      'npm could not install the packages; its own words are above. If they are about the lock file, a ' +
        'package.json has changed without it: run `npm install` and commit what it writes.',
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

/**
 * Makes sure that the pinned Node starts. It needs libatomic, which small systems do not have; Debian's then lies in
 * a folder of its own, so that other programs which we start get nothing else through their environment.
 */
export async function ensureNodeStarts() {
  const forced = process.env.FLEETSWEEP_DEBIAN === 'download' && !existsSync(nodeLibraries)
  const failure = nodeFailure()
  if (failure === undefined && !forced) return
  await unpackPackages({ folder: nodeDebian, packages: ['libatomic1'], bare: forced })
  const remaining = nodeFailure()
  if (remaining !== undefined) throw new SetUpError(`The pinned Node does not start here: ${remaining}`)
}

/** Why the pinned Node does not start; undefined when it does. */
function nodeFailure() {
  const { status, stderr, error } = spawnSync(pinnedNode(), ['--version'], {
    env: { ...process.env, ...nodeEnvironment() },
    encoding: 'utf8',
  })
  return status === 0 ? undefined : (error?.message ?? stderr)
}

function nodeEnvironment() {
  if (!existsSync(nodeLibraries)) return {}
  const others = process.env.LD_LIBRARY_PATH
  return { LD_LIBRARY_PATH: others ? `${nodeLibraries}:${others}` : nodeLibraries }
}

/** Runs a JavaScript or TypeScript program on the pinned Node; whatever it starts finds that Node first, too. */
export function runNode(args, { env = {} } = {}) {
  const node = pinnedNode()
  const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`
  return run(node, args, { env: { ...nodeEnvironment(), ...env, PATH: path } })
}

/** The file behind a command of an installed package, to be run with `runNode`. */
export function packageBin(packageName, command) {
  const folder = join(modules, packageName)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[command])
}
