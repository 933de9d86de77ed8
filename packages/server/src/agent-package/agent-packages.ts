import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

const ARCHITECTURES = ['x64', 'arm64'] as const

/** What `npm run build` writes beside the archives. What of it gets into a script holds no character of the shell. */
const manifest = Compile(
  Type.Object({
    version: Type.String({ pattern: '^[0-9A-Za-z.+-]{1,64}$' }),
    archives: Type.Array(
      Type.Object({
        arch: Type.Enum(ARCHITECTURES),
        file: Type.String({ pattern: '^[0-9A-Za-z.+-]{1,128}$' }),
        sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
        sizeBytes: Type.Integer({ minimum: 1 }),
      }),
    ),
  }),
)

/** The agent as other machines install it. Nothing in it is secret. */
export type AgentPackages = {
  /** The script that installs the agent from this origin; undefined where no agent was built. */
  installScript(origin: string): string | undefined
  /** An archive by its file name, to be read to its end; undefined for any other name. */
  openArchive(file: string): { sizeBytes: number; content: Readable } | undefined
}

/**
 * Reads what was built, once: a name that the manifest does not hold opens nothing, however it is written.
 *
 * @param folder `dist/agent` of a build; undefined where nothing was built
 * @throws Error when the folder is there and its files are not what a build writes
 */
export function readAgentPackages(folder: string | undefined): AgentPackages {
  if (folder === undefined) return { installScript: () => undefined, openArchive: () => undefined }
  const { version, archives } = manifest.Parse(
    JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')),
  )
  const script = readFileSync(join(folder, 'install.sh'), 'utf8')
  const sha256Of = (arch: string) => archives.find((archive) => archive.arch === arch)?.sha256 ?? ''
  return {
    installScript: (origin) =>
      fillIn(script, {
        SERVER: origin,
        VERSION: version,
        SHA256_X64: sha256Of('x64'),
        SHA256_ARM64: sha256Of('arm64'),
      }),
    openArchive(file) {
      const archive = archives.find((one) => one.file === file)
      if (archive === undefined) return undefined
      return { sizeBytes: archive.sizeBytes, content: createReadStream(join(folder, archive.file)) }
    },
  }
}

function fillIn(script: string, values: Readonly<Record<string, string>>): string {
  return script.replace(/'@([A-Z0-9_]+)@'/g, (mark, name: string) => {
    const value = values[name]
    if (value === undefined) return mark
    // An origin as `URL` writes it has no quote; one that had would end the word and begin a command.
    if (value.includes("'")) throw new TypeError(`${name} cannot stand in a script: ${value}`)
    return `'${value}'`
  })
}
