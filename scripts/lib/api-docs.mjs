// Puts all files of the page that shows the API's description into one folder, which the server takes as it is:
// api-docs.mjs <folder>. They are our own, and of Swagger UI what they need, with its licences.
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './project.mjs'

const OF_SWAGGER_UI = [
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'swagger-ui.css',
  'LICENSE',
  'NOTICE',
]

const [folder] = process.argv.slice(2)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
cpSync(join(root, 'packages/api-docs/src'), folder, { recursive: true })
for (const name of OF_SWAGGER_UI) {
  cpSync(join(root, 'node_modules/swagger-ui-dist', name), join(folder, name))
}
