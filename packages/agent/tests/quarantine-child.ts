// Takes a file into quarantine, or restores one, and kills itself at a step.
import { openTestQuarantine } from './open-test-quarantine.ts'

const [folder = '', what = '', pathBase64 = '', id = '', dieAt = ''] = process.argv.slice(2)
const quarantine = await openTestQuarantine(folder, {
  newId: () => id,
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
