import { setFlagsFromString } from 'node:v8'
import { createServer, type FleetServer } from './app.ts'
import { type ServerCommand, type ServerCommandIo, UsageError, wholeNumber } from './commands/index.ts'
import { loadConfig, loadSealingKey } from './config/index.ts'
import { createLogger } from './kit/logger.ts'
import { newGuid } from './kit/new-id.ts'

const EXIT_INTERRUPTED = 130

export const server: ServerCommand = {
  name: 'server',
  summary: 'Run the server',
  usage: `Usage: fleetsweep server [options]

  --data <folder>   data directory; FLEETSWEEP_DATA, or the usual place for the user
  --port <n>        port instead of the configured one; 0 takes a free one
  --json            print the line that says it is ready as JSON

Stops on SIGTERM or SIGINT when what was begun is finished; a second signal stops it at once.`,
  options: { data: { type: 'string' }, port: { type: 'string' }, json: { type: 'boolean' } },
  async run(call) {
    if (call.args[0] !== undefined) throw new UsageError(`"${call.args[0]}" is not expected here.`)
    const port = call.text('port')
    const config = loadConfig(call.io.env, {
      dataDir: call.text('data'),
      port: port === undefined ? undefined : wholeNumber(port, '--port', { min: 0, max: 65_535 }),
    })
    allocateYoung()
    const sealingKey = loadSealingKey(config.dataDir, call.io.env)
    const logger = createLogger(config.logLevel)
    const signals = stopSignals()
    const running = await createServer({
      config,
      sealingKey,
      logger,
      newId: newGuid,
      writerEntry: call.io.writerEntry,
      consoleDir: call.io.consoleDir,
      apiDocsDir: call.io.apiDocsDir,
      agentDir: call.io.agentDir,
    })
    sayReady(call.io, running, call.flag('json'))
    const signal = await signals
    logger.info({ signal }, 'stopping')
    await running.stop()
    return 0
  },
}

/**
 * What a call makes dies with it. V8 may guess otherwise from the first moments, then puts such objects among the old
 * ones for as long as the process lives, and collecting them takes a fifth of its time.
 */
function allocateYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}

function sayReady(io: ServerCommandIo, { url, port, origins }: FleetServer, json: boolean): void {
  const ready = { ready: true, url, port, origins, pid: process.pid }
  io.out(json ? `${JSON.stringify(ready)}\n` : `Fleetsweep is ready at ${origins[0] ?? url}\n`)
}

/** Settles at the first signal; the second one does not wait. */
function stopSignals(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false
    const hear = (signal: NodeJS.Signals): void => {
      if (seen) process.exit(EXIT_INTERRUPTED)
      seen = true
      resolve(signal)
    }
    process.on('SIGTERM', hear)
    process.on('SIGINT', hear)
  })
}
