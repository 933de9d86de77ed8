import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const SYSTEM = 'S-1-5-18'
const ADMINISTRATORS = 'S-1-5-32-544'
export const USERS = 'S-1-5-32-545'

/** Whose a folder is, as the agent's script asks it of Windows. */
export type FolderGuard = { owner: string; allowed: string[]; isLink: boolean }
export const GUARDED: FolderGuard = {
  owner: ADMINISTRATORS,
  allowed: [SYSTEM, ADMINISTRATORS],
  isLink: false,
}

export const REGISTRY: Readonly<Record<string, string>> = {
  'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion': [
    '    ProductName    REG_SZ    Windows 10 Pro',
    '    CurrentBuild    REG_SZ    22631',
    '    UBR    REG_DWORD    0x1112',
    '    DisplayVersion    REG_SZ    23H2',
    '    InstallationType    REG_SZ    Client',
    '    DigitalProductId    REG_BINARY    A4000000',
  ].join('\r\n'),
  'HKLM\\SOFTWARE\\Microsoft\\Cryptography':
    '    MachineGuid    REG_SZ    6F9619FF-8B86-D011-B42D-00C04FC964FF',
  'HKLM\\SYSTEM\\HardwareConfig': '    LastConfig    REG_SZ    {4c4c4544-0039-3510-8052-b4c04f4a3532}',
  'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters':
    '    Hostname    REG_SZ    LAB-07\r\n    Domain    REG_SZ    corp.example',
}

/** A folder with programs that answer as those of Windows do, as far as the agent asks them. */
export class WindowsFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'fleetsweep-windows-'))
  readonly env = {
    SystemRoot: join(this.folder, 'Windows'),
    ProgramData: join(this.folder, 'ProgramData'),
    PATH: process.env.PATH,
  }

  constructor() {
    this.#program(
      'reg.exe',
      "process.stdout.write(['', args[1], answers.registry[args[1]], ''].join('\\r\\n'))",
    )
    this.#program('whoami.exe', 'process.stdout.write(answers.groups)')
    this.#program(
      join('WindowsPowerShell', 'v1.0', 'powershell.exe'),
      "require('node:fs').mkdirSync(process.env.FLEETSWEEP_FOLDER, { recursive: true }); process.stdout.write(answers.guard)",
    )
    this.answer()
  }

  answer({ registry = REGISTRY, guard = GUARDED, isElevated = true, garbage = '' } = {}): void {
    const groups = `Mandatory Label\\… Label S-1-16-${isElevated ? '12288' : '8192'}\r\n`
    const answers = { registry, groups, guard: garbage || JSON.stringify(guard) }
    writeFileSync(join(this.folder, 'answers.json'), JSON.stringify(answers))
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A file of its own for Node, which takes none that ends in `.exe`. */
  #program(name: string, source: string): void {
    const path = join(this.env.SystemRoot, 'System32', name)
    mkdirSync(dirname(path), { recursive: true })
    const answers = JSON.stringify(join(this.folder, 'answers.json'))
    const given = `const args = process.argv.slice(2)\nconst answers = JSON.parse(require('node:fs').readFileSync(${answers}, 'utf8'))`
    writeFileSync(`${path}.cjs`, `${given}\n${source}\n`)
    writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${path}.cjs' "$@"\n`)
    chmodSync(path, 0o755)
  }
}
