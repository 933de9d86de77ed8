// The programs beside npm's that tests and the demo use: the system's where it has them, else Debian's, unpacked
// into the project's state folder. Where they are stands in .state/tools.json afterwards.
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { debianTriplet, unpackPackages } from './apt.mjs'
import { bareSystem, ensureBareSystem } from './bare-system.mjs'
import { SetUpError, say, stateDir, writeIfChanged } from './project.mjs'
import { ensureSignatures } from './signatures.mjs'

const debianDir = join(stateDir, 'debian')
const toolsFile = join(stateDir, 'tools.json')

/** What can be asked for: part → tool → the Debian package that holds it, and where in a file system it is. */
const PARTS = {
  clamav: {
    clamd: { from: 'clamav-daemon', find: (place) => place.program('clamd') },
    clamscan: { from: 'clamav', find: (place) => place.program('clamscan') },
    freshclam: { from: 'clamav-freshclam', find: (place) => place.program('freshclam') },
    sigtool: { from: 'clamav', find: (place) => place.program('sigtool') },
    clamavTestFiles: {
      from: 'clamav-testfiles',
      find: (place) => place.folder('usr/share/clamav-testfiles'),
    },
  },
  // What our scans are compared with.
  clamdscan: { clamdscan: { from: 'clamdscan', find: (place) => place.program('clamdscan') } },
  postgres: {
    postgres: {
      from: ['postgresql-15', 'postgresql-17', 'postgresql-16'],
      find: (place) => place.postgres(),
    },
  },
  // For the script and the service that install.sh brings.
  installing: {
    shellcheck: { from: 'shellcheck', find: (place) => place.program('shellcheck') },
    systemdAnalyze: { from: 'systemd', find: (place) => place.program('systemd-analyze') },
  },
  strace: { strace: { from: 'strace', find: (place) => place.program('strace') } },
  // Its launcher in usr/bin names absolute paths.
  chromium: {
    chromium: { from: 'chromium', find: (place) => place.program('chromium', 'usr/lib/chromium') },
  },
}

/**
 * Makes sure that the tools of the named parts are there (`bare-system` is what bare-system.mjs brings) and writes .state/tools.json: a tool's name →
 * `{ path, env }`; for `postgres`, `clamavTestFiles` and `signatures` the path is a folder's. A second call does
 * next to nothing. FLEETSWEEP_DEBIAN=download takes nothing from the system.
 */
export async function ensureTools(needs) {
  const forced = process.env.FLEETSWEEP_DEBIAN === 'download'
  const unpacked = unpackedPlace()
  const locate = ({ from, find }) =>
    (forced ? undefined : find(systemPlace)) ?? (existsSync(completeMark(from)) ? find(unpacked) : undefined)

  const wanted = needs.flatMap((part) => Object.entries(PARTS[part] ?? {}))
  const missing = wanted.filter(([, tool]) => locate(tool) === undefined)
  if (missing.length > 0) {
    const why = forced ? 'FLEETSWEEP_DEBIAN=download' : 'not on this system'
    say(`To be downloaded (${why}): ${missing.map(([name]) => name).join(', ')}`)
    const packages = [...new Map(missing.map(([, { from }]) => [String(from), from])).values()]
    await unpackPackages({ folder: debianDir, packages, bare: forced })
    for (const from of packages) writeIfChanged(completeMark(from), '')
    const lost = missing.filter(([, tool]) => locate(tool) === undefined)
    if (lost.length > 0) throw new SetUpError(`Debian's packages came without ${lost.map(([name]) => name)}.`)
  }
  // Parts that an earlier command brought stay known.
  const known = Object.values(PARTS).flatMap((part) => Object.entries(part))
  const tools = Object.fromEntries(known.map(([name, tool]) => [name, locate(tool)]))
  if (needs.includes('bare-system')) await ensureBareSystem()
  tools.bareSystem = bareSystem()
  if (needs.includes('clamav')) tools.signatures = ensureSignatures()
  writeIfChanged(toolsFile, `${JSON.stringify(tools, null, 2)}\n`)
  return tools
}

/** Stands for a finished download: an interrupted one leaves programs without their libraries. */
function completeMark(from) {
  return join(debianDir, 'complete', [from].flat()[0])
}

const systemPlace = {
  program(name) {
    const folders = [
      ...(process.env.PATH ?? '').split(delimiter),
      '/usr/sbin',
      '/usr/local/sbin',
      '/usr/local/bin',
    ]
    const path = folders.map((folder) => join(folder, name)).find(isExecutable)
    return path && { path, env: {} }
  },
  folder: (path) => (existsSync(join('/', path)) ? { path: join('/', path), env: {} } : undefined),
  postgres: () => newestPostgres('/', {}),
}

function unpackedPlace() {
  const base = join(debianDir, 'root')
  const libraries = [
    `usr/lib/${debianTriplet}`,
    `usr/lib/${debianTriplet}/pulseaudio`,
    `usr/lib/${debianTriplet}/systemd`,
    `lib/${debianTriplet}`,
    'usr/lib',
    'lib',
  ]
  const env = { LD_LIBRARY_PATH: libraries.map((folder) => join(base, folder)).join(':') }
  return {
    program(name, home) {
      const folders = home ? [home] : ['usr/sbin', 'usr/bin']
      const target = folders.map((folder) => join(base, folder, name)).find(isExecutable)
      return (
        target && { path: wrapper(name, target, { ...env, FONTCONFIG_FILE: fontSettings(base) }), env: {} }
      )
    },
    folder: (path) => (existsSync(join(base, path)) ? { path: join(base, path), env: {} } : undefined),
    postgres: () => newestPostgres(base, env),
  }
}

/** Fonts came along for Chromium unless the system has them; their library would look in the system's places only. */
function fontSettings(base) {
  const path = join(debianDir, 'fonts.conf')
  const places = [join(base, 'usr/share/fonts'), '/usr/share/fonts'].map((place) => `<dir>${place}</dir>`)
  const fonts = `${places.join('')}<cachedir>${debianDir}/fonts-cache</cachedir>`
  writeIfChanged(path, `<?xml version="1.0"?>\n<fontconfig>${fonts}</fontconfig>\n`)
  return path
}

/** A program to start like any other: it finds its libraries by itself and keeps the process id. */
function wrapper(name, target, env) {
  const path = join(debianDir, 'bin', name)
  // What stands there already stays: the pinned Node may find a library through it when this program starts it.
  const settings = Object.entries(env).map(
    ([key, value]) => `${key}='${value.replaceAll("'", "'\\''")}'"\${${key}:+:$${key}}"`,
  )
  const text = `#!/bin/sh\n${settings.join(' ')} exec '${target.replaceAll("'", "'\\''")}' "$@"\n`
  writeIfChanged(path, text, 0o755)
  return path
}

/** PostgreSQL's programs look for each other in their own folder, so they are not wrapped: `env` says the rest. */
function newestPostgres(base, env) {
  const versions = join(base, 'usr/lib/postgresql')
  if (!existsSync(versions)) return undefined
  const newest = Math.max(0, ...readdirSync(versions).map(Number).filter(Number.isInteger))
  const path = join(versions, String(newest), 'bin')
  return newest >= 15 && isExecutable(join(path, 'initdb')) && isExecutable(join(path, 'postgres'))
    ? { path, env }
    : undefined
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
