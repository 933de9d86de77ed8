// Bundles programs: bundle.mjs <folder> <entry.ts>… makes one <folder>/<entry>.mjs each. Runs on the pinned Node.
//
// A bundle runs anywhere without node_modules. Two things stay beside it: koffi's native addon, which the system's
// loader must open as a file, and the licences of what was bundled.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from './project.mjs'

const modules = join(root, 'node_modules')
/** What packages ask for and do without: faster native parts of ws and pg. */
const OPTIONAL = ['bufferutil', 'utf-8-validate', 'pg-native', 'pg-cloudflare']

const [folder, ...entries] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const packages = new Set()
for (const entry of entries) await bundle(entry)
writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), [...packages].sort().map(licenceOf).join('\n\n'))

async function bundle(entry) {
  const made = await rolldown({
    input: entry,
    cwd: root,
    platform: 'node',
    external: OPTIONAL,
    plugins: [koffiBeside(), withoutDepd()],
    onLog(level, log, next) {
      next(level === 'warn' ? 'error' : level, log)
    },
  })
  const { output } = await made.write({
    file: join(folder, `${basename(entry, '.ts')}.mjs`),
    format: 'esm',
    codeSplitting: false,
    // Packages written for require() ask for their own place.
    intro: 'const __filename = import.meta.filename, __dirname = import.meta.dirname',
    comments: { legal: true, annotation: false, jsdoc: false },
  })
  await made.close()
  for (const path of output.flatMap((chunk) => chunk.moduleIds ?? [])) {
    const name = path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)
    if (name) packages.add(name[0])
  }
}

/**
 * koffi gets its addon from a package of the platform. In a bundle it is the file beside it: koffi-linux-x64.node,
 * koffi-linux-arm64.node, … as far as npm has installed them here.
 */
function koffiBeside() {
  const loader = join(modules, 'koffi/src/koffi/src/static.js')
  const addons = join(modules, '@koromix')
  let replaced = false
  return {
    name: 'koffi-beside',
    load(id) {
      if (id !== loader) return null
      replaced = true
      for (const name of readdirSync(addons)) {
        const platform = name.slice('koffi-'.length)
        copyFileSync(
          join(addons, name, platform.replace('-', '_'), 'koffi.node'),
          join(folder, `${name}.node`),
        )
      }
      return `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
export const loadStatic = (platform) => require(\`./koffi-\${platform}.node\`)`
    },
    generateBundle(_options, output) {
      const paths = Object.values(output).flatMap((chunk) => chunk.moduleIds ?? [])
      if (!replaced && paths.some((path) => path.startsWith(join(modules, 'koffi/')))) {
        this.error('koffi no longer finds its addon where this build replaces it; see koffiBeside.')
      }
    },
  }
}

function licenceOf(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const file = readdirSync(path).find((each) => /^licen[cs]e/i.test(each))
  const text = file ? readFileSync(join(path, file), 'utf8').trim() : `Licence: ${license}`
  return `${name} ${version}\n${'='.repeat(name.length + version.length + 1)}\n${text}`
}

/** Packages of the server's sign-in tell of deprecated uses by way of depd, which makes code of text: not in what ships. */
function withoutDepd() {
  const silent = 'module.exports = () => Object.assign(() => {}, { function: (fn) => fn, property() {} })'
  return {
    name: 'without-depd',
    load: (id) => (/[/\\]node_modules[/\\]depd[/\\]index\.js$/.test(id) ? silent : null),
  }
}
