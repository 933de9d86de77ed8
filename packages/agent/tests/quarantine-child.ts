// Takes a file into quarantine, or restores one, and kills itself at a step.
import { readMountTable } from '../src/os/mount-table.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { loadFileAttributes, Quarantine } from '../src/quarantine/index.ts'

const [folder = '', what = '', pathBase64 = '', id = '', dieAt = ''] = process.argv.slice(2)
const attributes = await loadFileAttributes()
if ('unavailable' in attributes) throw new Error(attributes.unavailable)
const quarantine = new Quarantine({
  folder,
  ownFolders: [],
  attributes,
  readMounts: readMountTable,
  packageOwner: async () => undefined,
  clock: systemClock,
  newId: () => id,
  maxBytes: 1e9,
  keepDays: 90,
  onStep: (step) => {
    if (step === dieAt) process.kill(process.pid, 'SIGKILL')
  },
})
const path = Buffer.from(pathBase64, 'base64')
const ending =
  what === 'take'
    ? await quarantine.take({ path, threatName: 'Test', actionId: null, takenBy: 'test' })
    : await quarantine.restore({ id })
process.stdout.write(ending.kind)
