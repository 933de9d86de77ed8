import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeIo, runCli } from '@fleetsweep/cli'
import {
  isSqliteWriterThread,
  runServerMain,
  runSqliteWriter,
  SERVER_COMMANDS,
  writes,
} from '@fleetsweep/server'
import manifest from '../package.json' with { type: 'json' }

// The bundle is one file: SQLite's writer thread starts from it, too.
if (isSqliteWriterThread()) runSqliteWriter(writes)
else process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  const [name] = argv
  if (name === '--version') {
    process.stdout.write(`fleetsweep ${manifest.version}\n`)
    return 0
  }
  // `signatures` is both: those that this server gives out, and with `update` those of machines.
  const isOverApi = name === 'signatures' && argv[1] === 'update'
  if (!isOverApi && SERVER_COMMANDS.some((command) => command.name === name)) {
    return runServerMain(argv, {
      out: (text) => process.stdout.write(text),
      err: (text) => process.stderr.write(text),
      env: process.env,
      writerEntry: new URL(import.meta.url),
      consoleDir: builtFolder('console', '../packages/console/dist'),
      apiDocsDir: builtFolder('api-docs'),
      agentDir: builtFolder('agent'),
    })
  }
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  return runCli(argv, nodeIo(interrupted.signal), SERVER_COMMANDS)
}

/** What the server serves to browsers and machines lies beside the bundle, or where a checkout builds it. */
function builtFolder(name: string, ...others: string[]): string | undefined {
  return [`./${name}`, `../dist/${name}`, ...others]
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(path))
}
