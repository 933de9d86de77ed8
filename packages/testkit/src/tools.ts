import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'

/** A program, or a folder, that set-up found or brought; `env` is what it needs in its environment to run. */
export const Tool = Type.Object({
  path: Type.String({ minLength: 1 }),
  env: Type.Record(Type.String(), Type.String()),
})
export type Tool = Static<typeof Tool>

/** What .state/tools.json says; a tool is absent when no command has asked for its part yet. */
export const Tools = Type.Partial(
  Type.Object({
    clamd: Tool,
    clamscan: Tool,
    freshclam: Tool,
    sigtool: Tool,
    clamdscan: Tool,
    /** Folder of harmless files, packed in many ways, that every ClamAV database finds something in. */
    clamavTestFiles: Tool,
    /** Folder of PostgreSQL's programs. */
    postgres: Tool,
    strace: Tool,
    chromium: Tool,
    shellcheck: Tool,
    systemdAnalyze: Tool,
    /** Folder of `base/root`, the least of a Debian, and `packages/archives`, from which it can be given an engine. */
    bareSystem: Tool,
    /** Folder of a signature database; not official: it finds test patterns only. */
    signatures: Type.Interface([Tool], { official: Type.Boolean() }),
  }),
)
export type Tools = Static<typeof Tools>

const toolsFile = join(dirname(fileURLToPath(import.meta.url)), '../../../.state/tools.json')
const parser = Compile(Tools)

/**
 * Where a program is that the project does not get from npm.
 *
 * @throws Error when set-up has not brought it
 */
export function tool<Name extends keyof Tools>(name: Name): NonNullable<Tools[Name]> {
  const found = parser.Parse(JSON.parse(readFileSync(toolsFile, 'utf8')))[name]
  if (found === undefined)
    throw new Error(`No ${name} here. Run the tests with npm test: it brings what is missing.`)
  return found
}
