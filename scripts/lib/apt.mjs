// Debian packages without installing them: apt resolves and downloads, dpkg-deb unpacks, and both work in a folder
// of ours. Works for every user and changes nothing outside that folder.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetUpError, say } from './project.mjs'
import { read, run } from './run.mjs'

/** Debian's name for this machine's kind: where its packages keep libraries. */
export const debianTriplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? ''

const SYSTEM_STATUS = '/var/lib/dpkg/status'

/** What the programs we take never load: the C library is the system's own, the rest serves installing or a JIT. */
const LEFT_OUT =
  /^(libc6|libc-bin|libc-l10n|locales|perl.*|libperl.*|libjson-perl|libllvm.*|libz3-.*|cron.*|logrotate|ucf|ssl-cert)$/

/**
 * Downloads packages, and the dependencies that this system lacks, and unpacks them below `<folder>/root`.
 *
 * @param folder ours alone; package lists and downloads live here
 * @param packages names; a list stands for alternatives, the first one that apt knows is taken
 * @param bare true: pretend that the system holds only what every Debian holds
 */
export async function unpackPackages({ folder, packages, bare }) {
  const holds = bare ? 'base' : 'system'
  const files = await downloadPackages({ folder, packages, holds, wants: (name) => !LEFT_OUT.test(name) })
  for (const file of files) read('dpkg-deb', ['--extract', file, join(folder, 'root')])
  rmSync(join(folder, 'archives'), { recursive: true })
}

/**
 * Downloads packages, and the dependencies that are lacking, into `<folder>/archives`.
 *
 * @param holds what counts as there already: what this system has, what every Debian has (`base`), or `nothing`
 * @param wants which of the packages that apt names are downloaded
 * @returns the paths of the archives, sorted
 */
export async function downloadPackages({ folder, packages, holds, wants }) {
  for (const program of ['apt-get', 'dpkg-deb']) {
    if (!existsSync(`/usr/bin/${program}`)) throw new SetUpError(howToInstall(program))
  }
  const config = writeConfig(folder, holds)
  say('Reading package lists (apt-get update, into the project folder) …')
  // One source of several may fail without harm. What is really missing shows in the next step.
  await run('apt-get', ['-qq', '-c', config, 'update'], { quiet: true })

  const install = ['--yes', '--no-install-recommends', '--no-remove', 'install', ...choose(config, packages)]
  const uris = read('apt-get', ['-c', config, '-qq', '--print-uris', ...install])
  const wanted = [...uris.matchAll(/^'[^']+' ([^_]+)_\S+ (\d+) /gm)]
    .map(([, name, size]) => ({ name, size: Number(size) }))
    .filter(({ name }) => wants(name))
  const megabytes = Math.ceil(wanted.reduce((sum, { size }) => sum + size, 0) / 1e6)
  say(`Downloading ${wanted.length} Debian packages, ${megabytes} MB …`)
  const archives = join(folder, 'archives')
  rmSync(archives, { recursive: true, force: true })
  mkdirSync(archives)
  const download = ['-c', config, '-q', 'download', ...wanted.map(({ name }) => name)]
  const code = await run('apt-get', download, { quiet: true, cwd: archives })
  if (code !== 0) throw new SetUpError('apt could not download the packages; its own words are above.')

  // Package lists are large and old tomorrow.
  rmSync(join(folder, 'apt'), { recursive: true })
  return readdirSync(archives)
    .toSorted()
    .map((file) => join(archives, file))
}

/** apt's settings: the machine's own, such as sources and proxies, with every place of writing moved to us. */
function writeConfig(folder, holds) {
  const apt = join(folder, 'apt')
  for (const part of ['lists/partial', 'cache', 'state', 'log']) {
    mkdirSync(join(apt, part), { recursive: true })
  }
  mkdirSync(join(folder, 'root'), { recursive: true })
  const status = join(apt, 'status')
  writeFileSync(status, statusOf(holds))
  const file = join(apt, 'apt.conf')
  writeFileSync(
    file,
    `Dir::State "${apt}/state";
Dir::State::lists "${apt}/lists";
Dir::State::status "${status}";
Dir::State::extended_states "${apt}/state/extended_states";
Dir::Cache "${apt}/cache";
Dir::Cache::archives "${apt}/cache/archives";
Dir::Cache::pkgcache "${apt}/cache/pkgcache.bin";
Dir::Cache::srcpkgcache "${apt}/cache/srcpkgcache.bin";
Dir::Log "${apt}/log";
// Locks and the change of user need rights on places that are not ours.
Debug::NoLocking "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
// Hooks of the machine act on the machine.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
`,
  )
  return file
}

function choose(config, packages) {
  return packages.map((each) => {
    const alternatives = [each].flat()
    const known = (name) =>
      /^ {2}Candidate: (?!\(none\))/m.test(read('apt-cache', ['-c', config, 'policy', name]))
    const name = alternatives.find(known)
    if (name !== undefined) return name
    throw new SetUpError(
      `apt knows no package ${alternatives.join(' or ')}. Are this machine's package sources reachable? ` +
        'What apt said on reading them is above.',
    )
  })
}

function statusOf(holds) {
  if (holds === 'nothing') return ''
  const installed = readFileSync(SYSTEM_STATUS, 'utf8')
  return holds === 'base' ? onlyTheBase(installed) : installed
}

/** Keeps of a dpkg status file what every Debian holds: essential and required packages and what they depend on. */
function onlyTheBase(status) {
  const entries = new Map()
  const providers = new Map()
  for (const text of status.split(/\n\n+/)) {
    const field = (name) => text.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1] ?? ''
    if (!field('Status').endsWith(' installed')) continue
    const name = field('Package')
    const needs = [field('Depends'), field('Pre-Depends')].filter(Boolean).join(',').split(',')
    const base = field('Essential') === 'yes' || field('Priority') === 'required'
    entries.set(name, { text, needs: needs.map(alternativesOf), base })
    for (const [provided] of field('Provides').split(',').map(alternativesOf)) providers.set(provided, name)
  }
  const kept = new Set()
  const queue = [...entries].filter(([, entry]) => entry.base).map(([name]) => name)
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (kept.has(name)) continue
    kept.add(name)
    for (const alternatives of entries.get(name).needs) {
      const found = alternatives.map((each) => (entries.has(each) ? each : providers.get(each))).find(Boolean)
      if (found !== undefined) queue.push(found)
    }
  }
  return `${[...kept].map((name) => entries.get(name).text).join('\n\n')}\n`
}

/** "a (>= 1) | b:any" → ["a", "b"] */
function alternativesOf(dependency) {
  return dependency.split('|').map((each) => each.trim().split(/[ :(]/)[0])
}

function howToInstall(program) {
  return `Something is missing here that set-up would download with Debian's ${program}, which this system lacks.
Install these with the system's own package manager and run the command again:
  ClamAV      clamd, clamscan, sigtool and freshclam (Fedora: clamd clamav clamav-freshclam; Alpine: clamav)
  PostgreSQL  15 or newer, the server with initdb (for tests)
  libatomic   the packaged Node needs it (Fedora: libatomic)
  strace, ShellCheck, systemd-analyze  (for tests)
  Chromium    (for tests of the console)`
}
