// Loaded into every Node that a test run starts, and into those that its programs start: watches the servers of this
// product in them, and costs nothing in any other. Plain JavaScript, because some of them are older Nodes.
import { subscribe } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'

const descriptionFile = process.env.FLEETSWEEP_TEST_API_DESCRIPTION
const require = createRequire(import.meta.url)

if (descriptionFile) {
  subscribe('fleetsweep.server', (server) => {
    require('./watch-answers.ts').watchAnswers(server, descriptionFile)
  })
}
