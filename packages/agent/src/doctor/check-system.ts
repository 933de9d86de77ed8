import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { loadDescriptorPassing } from '../engines/index.ts'
import { readMountTable } from '../os/mount-table.ts'
import { isStateLocked } from '../os/state-lock.ts'
import { loadFileAttributes } from '../quarantine/index.ts'
import { readStatusFile } from '../status/status-file.ts'
import { fail, pass, type Result, warn } from './finding.ts'

const UNIT = 'fleetsweep-agent.service'
const SHOWN_MOUNTS = 5
const SYSTEMCTL_TIMEOUT_MS = 5_000

/** File systems of the kernel's own that hold no files of anybody. */
const HOLDS_NO_FILES = new Set(
  (
    'proc sysfs cgroup cgroup2 devtmpfs devpts mqueue debugfs tracefs securityfs pstore bpf autofs configfs ' +
    'hugetlbfs fusectl binfmt_misc rpc_pipefs nsfs efivarfs selinuxfs overlay squashfs'
  ).split(' '),
)

/**
 * The agent runs, and the server knows it.
 *
 * @throws Error when the state folder cannot be looked into
 */
export function checkRunning(stateDir: string): Result[] {
  if (existsSync(stateDir)) accessSync(stateDir, constants.R_OK | constants.X_OK)
  if (!existsSync(stateDir) || !isStateLocked(stateDir))
    return [
      warn('The agent does not run.', 'Start it: systemctl start fleetsweep-agent, or fleetsweep-agent run'),
    ]
  const connection = readStatusFile(stateDir)?.connection
  const why = connection?.reason ? `: ${connection.reason}` : ''
  switch (connection?.state) {
    case 'connected':
      return [pass('The agent runs and is connected.')]
    case 'notAuthenticated':
      return [fail(`The server does not accept this machine${why}.`, 'Enroll it again, with a new token.')]
    case undefined:
      return [warn('The agent runs, but has said nothing yet.', 'Ask again in a moment.')]
    default:
      return [
        warn(
          `The agent runs, but is not connected${why}.`,
          'It tries again by itself; see the line of the server.',
        ),
      ]
  }
}

/** Open files can be handed to the engine, and files taken to quarantine with all that belongs to them. */
export async function checkNativeCalls(): Promise<Result[]> {
  const [passing, attributes] = await Promise.all([loadDescriptorPassing(), loadFileAttributes()])
  const found = [
    ...(typeof passing === 'function'
      ? []
      : [
          warn(
            `Open files cannot be handed to the engine (${passing.unavailable}); their bytes are sent, which takes a third longer.`,
            'Install the agent by its own script, which brings what is missing.',
          ),
        ]),
    ...('unavailable' in attributes
      ? [warn(`There is no quarantine here (${attributes.unavailable}).`, 'Nothing, where none is wanted.')]
      : []),
  ]
  return found.length > 0 ? found : [pass('Open files are handed to the engine; attributes can be kept.')]
}

/** Which file systems scans leave out. */
export function checkMounts(): Result[] {
  const { mounts } = readMountTable()
  const local = mounts.filter(({ isLocal }) => isLocal).length
  const leftOut = mounts.filter(({ isLocal, fileSystem }) => !isLocal && !HOLDS_NO_FILES.has(fileSystem))
  if (leftOut.length === 0) return [pass(`Scans look at ${local} file systems; none with files is left out.`)]
  const names = leftOut
    .slice(0, SHOWN_MOUNTS)
    .map(({ point, fileSystem }) => `${Buffer.from(point, 'latin1').toString()} (${fileSystem})`)
  const more = leftOut.length > SHOWN_MOUNTS ? ` and ${leftOut.length - SHOWN_MOUNTS} more` : ''
  return [
    warn(
      `Scans leave out ${names.join(', ')}${more}.`,
      'Scan what lies there where it is kept: on the machine whose disk it is.',
    ),
  ]
}

/** The agent may read every file. */
export function checkUser(isRoot: boolean): Result[] {
  return isRoot
    ? [pass('Everything on this machine may be read.')]
    : [
        warn(
          'This is not root: files of other users are not scanned, and the report says so.',
          'Run the agent as root.',
        ),
      ]
}

/** The agent starts with the machine. Nothing to say for an agent of an ordinary user. */
export async function checkUnit(isRoot: boolean): Promise<Result[]> {
  if (!isRoot || process.platform !== 'linux') return []
  if (!existsSync('/run/systemd/system'))
    return [warn('There is no systemd here.', 'Let your supervisor run: fleetsweep-agent run')]
  const [enabled, active] = await Promise.all([systemctl('is-enabled'), systemctl('is-active')])
  const unit = `${UNIT} is ${enabled} and ${active}`
  if (active === 'failed') return [fail(`${unit}.`, `journalctl -u ${UNIT} says why.`)]
  if (enabled !== 'enabled')
    return [warn(`${unit}: the agent does not start with the machine.`, `systemctl enable --now ${UNIT}`)]
  return [pass(`${unit}.`)]
}

/** Its answer in a word; it exits with an error for most of them. */
async function systemctl(question: string): Promise<string> {
  const options = { timeout: SYSTEMCTL_TIMEOUT_MS }
  const { stdout } = await promisify(execFile)('systemctl', [question, UNIT], options).catch(
    (error: unknown) =>
      error instanceof Error && 'stdout' in error ? { stdout: String(error.stdout) } : { stdout: '' },
  )
  return stdout.trim() || 'not there'
}
