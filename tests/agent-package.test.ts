import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../dist/agent')
const manifest = Compile(
  Type.Object({
    archives: Type.Array(Type.Object({ arch: Type.String(), file: Type.String(), sha256: Type.String() })),
  }),
)
const { archives } = manifest.Parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')))

/** `e_machine` of an ELF header, from https://gabi.xinuos.com/elf/02-eheader.html */
const MACHINES: Record<string, number> = { x64: 62, arm64: 183 }

const FIRST_BYTES = 'tar -x -z -O -f "$1" "$2" | head -c 20'

describe('the agent as other machines install it', () => {
  it('is packed for x64 and for arm64', () => {
    expect(archives.map(({ arch }) => arch)).toEqual(['x64', 'arm64'])
  })

  it.each(archives)(
    'holds programs for $arch alone, and is what the manifest says',
    ({ arch, file, sha256 }) => {
      const path = join(folder, file)
      expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256)
      const name = file.replace('.tar.gz', '')
      for (const program of ['node', `koffi-linux-${arch}.node`]) {
        const header = execFileSync('sh', ['-c', FIRST_BYTES, 'sh', path, `${name}/${program}`])
        expect(header.toString('latin1', 0, 4)).toBe('\x7fELF')
        expect(header.readUInt16LE(18)).toBe(MACHINES[arch])
      }
    },
  )
})
