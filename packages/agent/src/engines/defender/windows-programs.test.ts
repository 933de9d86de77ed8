import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findWindowsPrograms } from './windows-programs.ts'

describe('the programs of Microsoft Defender on Windows', () => {
  it('are those of the newest platform, number by number, else those that came with Windows', () => {
    const top = mkdtempSync(join(tmpdir(), 'fleetsweep-platform-'))
    const env = { ProgramData: top, ProgramFiles: '/files', SystemRoot: '/windows' }
    expect(findWindowsPrograms(env).mpCmdRun).toBe(join('/files', 'Windows Defender', 'MpCmdRun.exe'))
    const platforms = join(top, 'Microsoft', 'Windows Defender', 'Platform')
    for (const name of ['4.18.2301.6-0', '4.18.24090.11-0', '4.18.24090.9-0', 'X86'])
      mkdirSync(join(platforms, name), { recursive: true })
    expect(findWindowsPrograms(env).mpCmdRun).toBe(join(platforms, '4.18.24090.11-0', 'MpCmdRun.exe'))
    rmSync(top, { recursive: true })
  })
})
