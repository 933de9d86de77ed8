// Packs the agent for other machines: agent-package.mjs <dist> makes <dist>/agent/ of the bundled agent in <dist>: an
// archive for each architecture with all that the agent needs, its Node among it, manifest.json that names them with
// their SHA-256, and the script that installs them. Runs on the pinned Node.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { main, root, say, stateDir } from './project.mjs'
import { read } from './run.mjs'

const modules = join(root, 'node_modules')
const ARCHITECTURES = ['x64', 'arm64']
const scripts = join(root, 'packages/agent/install')
const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const { version } = locked['']

await main(() => {
  const [dist] = process.argv.slice(2)
  const folder = join(dist, 'agent')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const archives = ARCHITECTURES.map((arch) => pack(dist, folder, arch)).filter(
    (archive) => archive !== undefined,
  )
  copyFileSync(join(scripts, 'install.sh'), join(folder, 'install.sh'))
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify({ version, archives }, null, 2)}\n`)
})

/** @returns undefined where npm could not bring what the other architecture needs, which is said */
function pack(dist, folder, arch) {
  const brought = bring(`node-linux-${arch}`) && bring(`@koromix/koffi-linux-${arch}`)
  if (!brought) {
    say(
      `No agent for linux-${arch} was packed: npm could not bring its Node and addon. Build again with a network.`,
    )
    return undefined
  }
  const name = `fleetsweep-agent-${version}-linux-${arch}`
  const content = join(folder, name)
  mkdirSync(content)
  copyFileSync(join(dist, 'fleetsweep-agent.mjs'), join(content, 'fleetsweep-agent.mjs'))
  copyFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), join(content, 'THIRD-PARTY-LICENSES.txt'))
  copyFileSync(join(root, 'LICENSE'), join(content, 'LICENSE'))
  for (const script of ['fleetsweep-agent', 'install.sh'])
    copyFileSync(join(scripts, script), join(content, script))
  copyFileSync(join(placeOf(`node-linux-${arch}`), 'bin/node'), join(content, 'node'))
  copyFileSync(join(placeOf(`node-linux-${arch}`), 'LICENSE'), join(content, 'LICENSE-node'))
  copyFileSync(
    join(placeOf(`@koromix/koffi-linux-${arch}`), `linux_${arch}/koffi.node`),
    join(content, `koffi-linux-${arch}.node`),
  )
  for (const program of ['fleetsweep-agent', 'node']) chmodSync(join(content, program), 0o755)
  const file = `${name}.tar.gz`
  // The same content makes the same bytes, so that a server built twice offers one package.
  const same = [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
  ]
  read('tar', ['-c', ...same, '-I', 'gzip -n', '-C', folder, '-f', join(folder, file), name])
  rmSync(content, { recursive: true })
  const sha256 = createHash('sha256')
    .update(readFileSync(join(folder, file)))
    .digest('hex')
  return { arch, file, sha256, sizeBytes: statSync(join(folder, file)).size }
}

/** Where a package of the lock file lies: as installed, or for another architecture as `bring` unpacked it. */
function placeOf(name) {
  const installed = join(modules, name)
  return existsSync(installed)
    ? installed
    : join(stateDir, 'other-architecture', name, locked[`node_modules/${name}`].version)
}

/** Fetches a package that npm does not install on this architecture; its bytes must be those of the lock file. */
function bring(name) {
  const place = placeOf(name)
  if (existsSync(place)) return true
  const { version: wanted, integrity } = locked[`node_modules/${name}`]
  const partial = `${place}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  try {
    const [packed] = JSON.parse(
      read('npm', ['pack', `${name}@${wanted}`, '--json', '--pack-destination', partial]),
    )
    const archive = join(partial, packed.filename)
    const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (digest !== integrity)
      throw new Error(`${name}@${wanted} is not the package that package-lock.json names.`)
    mkdirSync(place)
    read('tar', ['-x', '-z', '-f', archive, '-C', place, '--strip-components=1', '--no-same-owner'])
    return true
  } catch (error) {
    rmSync(place, { recursive: true, force: true })
    say(error instanceof Error ? error.message : String(error))
    return false
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}
