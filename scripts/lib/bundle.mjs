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
    plugins: [koffiBeside(), withoutDepd(), builtinsOnDemand()],
    onLog(level, log, next) {
      next(level === 'warn' ? 'error' : level, log)
    },
  })
  const file = join(folder, `${basename(entry, '.ts')}.mjs`)
  const { output } = await made.write({
    file,
    format: 'esm',
    codeSplitting: false,
    // Packages written for require() ask for their own place.
    intro: 'const __filename = import.meta.filename, __dirname = import.meta.dirname',
    comments: { legal: true, annotation: false, jsdoc: false },
    // V8 holds the whole text in memory. Names stay as they are, so that a stack in a log can be read.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  })
  await made.close()
  writeFileSync(file, inAscii(readFileSync(file, 'utf8')))
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

/**
 * An import of one of Node's modules reads all that it offers, also what is made when it is first read: importing
 * node:http loads a fetch, node:process the diagnostic reports. Taken as the objects that they are, they load only what
 * is used, which saves an idle agent megabytes.
 */
function builtinsOnDemand() {
  const IMPORT = /^import (?:([\w$]+)(?:, )?)?(?:\{([^}]*)\}|\* as ([\w$]+))? ?from "(node:[^"]+)";$/gm
  return {
    name: 'builtins-on-demand',
    renderChunk(code) {
      const taken = code.replace(IMPORT, (_, name, names, whole, module) => {
        const parts = [name, whole, names && `{${names.replaceAll(' as ', ': ')}}`].filter(Boolean)
        return parts.map((part) => `const ${part} = process.getBuiltinModule("${module}");`).join('\n')
      })
      const left = /^import\b[^\n]*"node:[^\n]*/m.exec(taken)
      if (left) this.error(`An import stands in a form that this build does not know: ${left[0]}`)
      return { code: taken, map: null }
    },
  }
}

/** One character beyond Latin-1 makes V8 hold the text of a program with two bytes for each. */
function inAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
