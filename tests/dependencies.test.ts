import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { repositoryFiles, root } from './repository-files.ts'

const Names = Type.Optional(Type.Record(Type.String(), Type.String()))
const KINDS = { dependencies: Names, devDependencies: Names, optionalDependencies: Names }
const Manifest = Compile(Type.Object(KINDS))
const Lock = Compile(
  Type.Object({
    packages: Type.Record(
      Type.String(),
      Type.Object({ resolved: Type.Optional(Type.String()), optionalDependencies: Names }),
    ),
  }),
)

const manifests = repositoryFiles().filter((path) => /(^|\/)package\.json$/.test(path))
const wanted = manifests.flatMap((path) => {
  const manifest = Manifest.Parse(JSON.parse(read(path)))
  return [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies].flatMap((names) =>
    Object.entries(names ?? {}).map(([name, version]) => ({ path, name, version })),
  )
})

describe('dependencies', () => {
  it('each have a line in docs/dependencies.md that says what for', () => {
    const documented = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(
      (match) => match[1],
    )
    const used = [
      ...new Set(wanted.map(({ name }) => name).filter((name) => !name.startsWith('@fleetsweep/'))),
    ]
    const withoutLine = used.filter((name) => !documented.includes(name))
    const withoutUse = documented.filter((name) => name === undefined || !used.includes(name))
    expect({ withoutLine, withoutUse }).toEqual({ withoutLine: [], withoutUse: [] })
  })

  it('are named with exact versions, and with one version everywhere', () => {
    const inexact = wanted.filter(({ version }) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    expect(inexact).toEqual([])
    const versions = Map.groupBy(wanted, ({ name }) => name)
    const torn = [...versions.values()].filter((uses) => new Set(uses.map(({ version }) => version)).size > 1)
    expect(torn).toEqual([])
  })
})

describe('package-lock.json', () => {
  const { packages } = Lock.Parse(JSON.parse(read('package-lock.json')))

  it('names no place to download from: that is the choice of whoever installs', () => {
    const places = Object.values(packages).map(({ resolved }) => resolved)
    expect(places.filter((place) => place?.includes('://'))).toEqual([])
  })

  it('holds the optional packages of every platform, which npm ci insists on', () => {
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
      ),
    )
    expect(missing, 'choose a version that the registry holds for every platform').toEqual([])
  })
})

describe('the files of the repository', () => {
  it('name no package registry', () => {
    const naming = repositoryFiles().filter((path) => /https?:\/\/registry\.|^registry\s*=/m.test(read(path)))
    expect(naming).toEqual([])
  })
})

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
