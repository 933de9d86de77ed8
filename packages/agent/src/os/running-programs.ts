import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import type { MountTable } from './mount-table.ts'

/** A file that a running process was made of. */
export type ProgramFile = {
  path: Buffer
  /** Leads to the file where its path does not: it was deleted or replaced, or is in another container. */
  openPath: Buffer | null
}

/**
 * The executables and mapped code of all running processes, and the files that they were told to run. As an ordinary
 * user, those of one's own processes (Linux).
 */
export async function listRunningPrograms(mounts: MountTable): Promise<ProgramFile[]> {
  const found = new Map<string, ProgramFile>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const files = [...executableOf(pid), ...mappingsOf(pid), ...argumentsOf(pid)]
    for (const file of files) {
      const path = file.path.toString('latin1')
      if (mounts.holding(path)?.isLocal === false) continue
      const key = `${path}\0${file.inode}`
      if (!found.has(key)) found.set(key, { path: file.path, openPath: leadsTo(file) ? null : file.link })
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return [...found.values()]
}

type Candidate = { path: Buffer; inode: string; link: Buffer | null }

function executableOf(pid: string): Candidate[] {
  const link = Buffer.from(`/proc/${pid}/exe`)
  return attempt(() => {
    const path = readlinkSync(link, { encoding: 'buffer' })
    return [{ path, inode: String(statSync(link, { bigint: true }).ino), link }]
  })
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html */
function mappingsOf(pid: string): Candidate[] {
  const text = attempt(() => [readFileSync(`/proc/${pid}/maps`, 'latin1')]).join('')
  return [...text.matchAll(/^(\S+) ..x. \S+ \S+ (\d+) +(\/.*)$/gm)].map(
    ([, range, inode = '', path = '']) => ({
      path: Buffer.from(path.replaceAll('\\012', '\n'), 'latin1'),
      inode,
      link: Buffer.from(`/proc/${pid}/map_files/${range}`),
    }),
  )
}

function argumentsOf(pid: string): Candidate[] {
  const text = attempt(() => [readFileSync(`/proc/${pid}/cmdline`, 'latin1')]).join('')
  return text.split('\0').flatMap((argument) =>
    argument.startsWith('/') && argument.length < 4_096
      ? attempt(() => {
          const path = Buffer.from(argument, 'latin1')
          const stats = lstatSync(path, { bigint: true })
          return stats.isFile() ? [{ path, inode: String(stats.ino), link: null }] : []
        })
      : [],
  )
}

function leadsTo({ path, inode }: Candidate): boolean {
  return attempt(() => [lstatSync(path, { bigint: true })]).some((stats) => String(stats.ino) === inode)
}

/** Processes end at any moment, and most belong to others: what cannot be read is not there for us. */
function attempt<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return []
    throw error
  }
}
