import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'

/** How the agent runs its own ClamAV. */
export type ClamAvConfig = {
  /** Folder for the engine alone, made when missing: configuration, record of the process, socket, temporary files. */
  runtimeDir: string
  /** Default: `clamd` in PATH, /usr/sbin, /usr/local/sbin. */
  clamdPath?: string
  /** Default: /var/lib/clamav. */
  databaseDir?: string
  /** The environment of clamd beside PATH, such as LD_LIBRARY_PATH. */
  env?: Readonly<Record<string, string>>
  /** Whom clamd becomes when the agent is root. Default: clamav, else nobody. */
  user?: string
  /** Default: as many as there are cores, 2 to 8. */
  threads?: number
  /** Larger files are not scanned. Default: 512 MiB; ClamAV itself stops at 2 GiB. */
  maxFileSizeBytes?: number
  /** Longest that the engine may take over one file. Default: two minutes. */
  maxScanTimeMs?: number
  /** How long clamd waits for the next scan before it is ended. Default: 15 minutes. */
  idleMs?: number
  /** Started with the agent, and kept. */
  isResident?: boolean
  /** Where memory has room for all that may be unpacked at once. Default: true. */
  keepsTemporaryFilesInMemory?: boolean
  /** For tests; default: what the system says a process may still take. */
  availableMemoryBytes?: () => number
}

export type ResolvedClamAvConfig = {
  runtimeDir: string
  clamdPath: string
  databaseDir: string
  env: NodeJS.ProcessEnv
  user: string | undefined
  threads: number
  maxFileSizeBytes: number
  maxScanSizeBytes: number
  maxScanTimeMs: number
  idleMs: number
  isResident: boolean
  keepsTemporaryFilesInMemory: boolean
  availableMemoryBytes: () => number
}

/** Where distributions keep the signatures of ClamAV. */
export const DEFAULT_DATABASE_DIR = '/var/lib/clamav'

const MIB = 1024 * 1024

/** Fills in the defaults. A clamd that is nowhere keeps its bare name, and starting it says so. */
export function resolveClamAvConfig(config: ClamAvConfig): ResolvedClamAvConfig {
  const maxFileSizeBytes = config.maxFileSizeBytes ?? 512 * MIB
  return {
    runtimeDir: config.runtimeDir,
    clamdPath: config.clamdPath ?? findClamd(),
    databaseDir: config.databaseDir ?? DEFAULT_DATABASE_DIR,
    // Nothing else of the agent's environment: what parses hostile bytes has no business with it.
    env: { PATH: process.env.PATH, ...config.env },
    user: config.user,
    threads: config.threads ?? Math.min(Math.max(availableParallelism(), 2), 8),
    maxFileSizeBytes,
    // What a file unpacks to counts as well; four times its size is far beyond what honest archives hold.
    maxScanSizeBytes: Math.min(maxFileSizeBytes * 4, 4_000 * MIB),
    maxScanTimeMs: config.maxScanTimeMs ?? 120_000,
    idleMs: config.idleMs ?? 15 * 60_000,
    isResident: config.isResident ?? false,
    keepsTemporaryFilesInMemory: config.keepsTemporaryFilesInMemory ?? true,
    availableMemoryBytes: config.availableMemoryBytes ?? (() => process.availableMemory()),
  }
}

function findClamd(): string {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/opt/homebrew/sbin',
  ]
  return folders.map((folder) => join(folder, 'clamd')).find(existsSync) ?? 'clamd'
}
