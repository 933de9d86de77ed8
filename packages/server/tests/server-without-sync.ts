// A server that acknowledges before anything is on disk: what the test of durability must be able to tell.
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { createServer } from '../src/app.ts'
import { loadConfig, loadSealingKey } from '../src/config/index.ts'

const { values } = parseArgs({ options: { data: { type: 'string' }, json: { type: 'boolean' } } })
const config = loadConfig({}, { dataDir: values.data })
const { url } = await createServer({
  config,
  sealingKey: loadSealingKey(config.dataDir, {}),
  logger: pino({ level: 'silent' }),
  sqliteSynchronous: 'OFF',
})
process.stdout.write(`${JSON.stringify({ ready: true, url, pid: process.pid })}\n`)
