// Scans a folder with an engine that calls everything clean, and prints how it ended: scan-child.ts FOLDER [UID [LEDGER]].
// As another user where one is given; a day from now where there is a ledger, which takes in nothing that is new.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shiftedClock } from '@fleetsweep/testkit'
import { systemClock } from '../src/os/system-clock.ts'
import { scanAsClean } from './scan-as-clean.ts'

const [folder = '', uid = '', ledgerDir] = process.argv.slice(2)
if (uid !== '') {
  process.setgroups?.([])
  process.setgid?.(Number(uid))
  process.setuid?.(Number(uid))
}
const workDir = mkdtempSync(join(tmpdir(), 'fleetsweep-work-'))
const outcome = await scanAsClean({ folder, workDir, ledgerDir, clock: shiftedClock(systemClock, '1d') })
rmSync(workDir, { recursive: true })
process.stdout.write(JSON.stringify(outcome))
