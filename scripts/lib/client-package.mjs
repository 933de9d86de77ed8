// Makes the package that people outside of this repository use: client-package.mjs <folder>. Runs on the pinned Node.
//
// One module for Node and browsers, and one file of declarations; neither names another file or package.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import * as protocol from '../../packages/protocol/src/index.ts'
import { rollUpDeclarations } from './declarations.mjs'
import { root } from './project.mjs'

const source = join(root, 'packages/client')
const [folder] = process.argv.slice(2)

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
await bundle()
// What plain-schemas.mjs lacks shows here, and not first to somebody who uses the package.
await import(pathToFileURL(join(folder, 'index.js')).href)
writeFileSync(join(folder, 'index.d.ts'), rollUpDeclarations(protocol, 'client', 'protocol'))
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
copyFileSync(join(source, 'README.md'), join(folder, 'README.md'))

async function bundle() {
  const made = await rolldown({
    input: join(source, 'src/index.ts'),
    cwd: root,
    platform: 'neutral',
    resolve: { alias: { typebox: join(root, 'scripts/lib/plain-schemas.mjs') } },
    treeshake: { moduleSideEffects: false, manualPureFunctions: ['Type'] },
    onLog(level, log, next) {
      next(level === 'warn' ? 'error' : level, log)
    },
  })
  const { output } = await made.write({
    file: join(folder, 'index.js'),
    format: 'esm',
    codeSplitting: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  })
  await made.close()
  const foreign = output.flatMap(({ imports, moduleIds }) => [
    ...imports,
    ...moduleIds.filter((path) => path.includes('/node_modules/')),
  ])
  if (foreign.length > 0)
    throw new Error(`The client is to stand alone, and has in it: ${foreign.join(', ')}`)
}

/** What npm needs to know; `exports` and the rest of the workspace's own manifest are for the workspace. */
function manifest() {
  const { name, version, description, license, engines } = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  )
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    files: ['index.js', 'index.d.ts'],
    sideEffects: false,
    engines,
  }
}
