// The least of a Debian, for tests that install the agent as strangers do: the system in a folder, unpacked, and
// beside it the packages of which its package manager can install what the agent wants.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { downloadPackages } from './apt.mjs'
import { SetUpError, say, stateDir, writeIfChanged } from './project.mjs'
import { read } from './run.mjs'

const folder = join(stateDir, 'bare-system')
const completeMark = join(folder, 'complete')

/** A machine that somebody would run curl on, and no more; `ip` joins it to a network. */
const SYSTEM =
  'base-files base-passwd busybox-static coreutils curl dash dpkg findutils grep gzip iproute2 libc-bin mount sed tar tini util-linux wget'
/** What the agent's script asks package managers for. */
const INSTALLABLE = 'clamav-daemon clamav-freshclam libatomic1 libstdc++6'
/** Serves installing, which nobody does here as Debian would. */
const LEFT_OUT = /^(perl.*|libperl.*|.*-perl|cron.*|logrotate|ucf|sensible-utils|usrmerge)$/
/** What slim images of Debian leave out. */
const NOT_UNPACKED = ['doc', 'info', 'locale', 'man'].map((name) => join('base/root/usr/share', name))

/** Where it is; undefined when it was not brought whole. */
export function bareSystem() {
  return isComplete() ? { path: folder, env: {} } : undefined
}

/** Brings it. What hinders that is said, and left to the tests that need it. */
export async function ensureBareSystem() {
  if (isComplete()) return
  rmSync(folder, { recursive: true, force: true })
  try {
    const system = await download('base', SYSTEM, (name) => !LEFT_OUT.test(name))
    for (const file of system) read('dpkg-deb', ['--extract', file, join(folder, 'base/root')])
    for (const path of ['base/archives', ...NOT_UNPACKED]) rmSync(join(folder, path), { recursive: true })
    const there = new Set(system.map(packageOf))
    await download('packages', INSTALLABLE, (name) => !LEFT_OUT.test(name) && !there.has(name))
    writeIfChanged(completeMark, wanted())
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    say(`${error.message}\nWithout it the tests that install the agent on a bare system will fail.`)
  }
}

function download(part, packages, wants) {
  return downloadPackages({
    folder: join(folder, part),
    packages: packages.split(' '),
    holds: 'nothing',
    wants,
  })
}

/** "…/libc6_2.36-9_amd64.deb" → "libc6" */
function packageOf(archive) {
  return basename(archive).split('_')[0]
}

function isComplete() {
  return existsSync(completeMark) && readFileSync(completeMark, 'utf8') === wanted()
}

function wanted() {
  return `${SYSTEM}\n${INSTALLABLE}\n`
}
