// Sends what waits in the spool of a state folder, until it is killed.
import { readFileSync } from 'node:fs'
import { AttachmentSpool, AttachmentUploader } from '../src/attachments/index.ts'
import { createLogger } from '../src/os/logger.ts'
import { systemClock } from '../src/os/system-clock.ts'

const [stateDir = '', identityFile = ''] = process.argv.slice(2)
const uploader = new AttachmentUploader({
  spool: new AttachmentSpool(stateDir),
  identity: JSON.parse(readFileSync(identityFile, 'utf8')),
  clock: systemClock,
  random: Math.random,
  logger: createLogger('error', () => {}),
})
uploader.wake()
