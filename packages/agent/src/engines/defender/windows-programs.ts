import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../../os/host.ts'

/** The programs by which Windows is asked about Defender. */
export type WindowsPrograms = {
  /** `MpCmdRun.exe` with its folder. */
  mpCmdRun: string
  /** Windows PowerShell. */
  powerShell: string
}

/**
 * Finds the programs where Windows keeps them: the newest platform that Defender has updated itself to, else the one
 * that came with Windows. Never by PATH, which others may have changed.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/command-line-arguments-microsoft-defender-antivirus
 */
export function findWindowsPrograms(env: Environment): WindowsPrograms {
  const {
    ProgramData = 'C:\\ProgramData',
    ProgramFiles = 'C:\\Program Files',
    SystemRoot = 'C:\\Windows',
  } = env
  const platforms = join(ProgramData, 'Microsoft', 'Windows Defender', 'Platform')
  const newest = listFolder(platforms)
    .filter((name) => /^\d+(\.\d+)*(-\d+)?$/.test(name))
    .sort(byVersion)
    .at(-1)
  const folder = newest === undefined ? join(ProgramFiles, 'Windows Defender') : join(platforms, newest)
  return {
    mpCmdRun: join(folder, 'MpCmdRun.exe'),
    powerShell: join(SystemRoot, 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe'),
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // No update yet, or no Defender at all: starting the program will tell.
    return []
  }
}

/** `4.18.24090.11-0` after `4.18.2301.6-0`: number by number. */
function byVersion(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => name.split(/[.-]/).map(Number))
  const length = Math.max(left?.length ?? 0, right?.length ?? 0)
  for (let i = 0; i < length; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
