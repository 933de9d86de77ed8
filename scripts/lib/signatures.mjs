// What the engine knows. The machine's official database when there is one; else a small set of test patterns, so
// that everything can be tried and tested without a download of hundreds of megabytes.
import { createHash } from 'node:crypto'
import { accessSync, constants, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { say, stateDir, writeIfChanged } from './project.mjs'

const OFFICIAL_DIR = '/var/lib/clamav'
const ownDir = join(stateDir, 'signatures')
const HASH_ENTRIES = 3000

// The harmless pattern that every antivirus program agrees to find (https://www.eicar.org), in two pieces: in one,
// it would be found in this file.
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')

/** Returns the folder of the signatures to use; without an official set makes one and says what it is. */
export function ensureSignatures() {
  if (isOfficial(OFFICIAL_DIR)) return { path: OFFICIAL_DIR, env: {}, official: true }
  const files = { 'fleetsweep-test.ndb': bodySignatures(), 'fleetsweep-test.hdb': hashSignatures() }
  for (const [name, text] of Object.entries(files)) writeIfChanged(join(ownDir, name), text)
  say('No official ClamAV database here: using test signatures. Only test patterns can be found.')
  return { path: ownDir, env: {}, official: false }
}

function isOfficial(folder) {
  try {
    const names = readdirSync(folder)
    return ['main', 'daily'].every((part) =>
      names.some((name) => {
        if (name !== `${part}.cvd` && name !== `${part}.cld`) return false
        accessSync(join(folder, name), constants.R_OK)
        return true
      }),
    )
  } catch {
    return false
  }
}

/** name:any file type:anywhere:bytes */
function bodySignatures() {
  const patterns = { 'Eicar-Test-Signature': EICAR, 'Clamav-Test-File': `CLAMessageBoxA${'\0'}` }
  const lines = Object.entries(patterns).map(
    ([name, text]) => `${name}:0:*:${Buffer.from(text, 'latin1').toString('hex')}`,
  )
  return `${lines.join('\n')}\n`
}

/** md5:size:name; beside the real one, entries that nothing matches, always the same, give the set some body. */
function hashSignatures() {
  const lines = [`${createHash('md5').update(EICAR).digest('hex')}:${EICAR.length}:Eicar-Test-Signature`]
  for (let index = 1; index <= HASH_ENTRIES; index++) {
    const bytes = createHash('sha256').update(`fleetsweep test signature ${index}`).digest()
    lines.push(
      `${bytes.toString('hex', 0, 16)}:${1024 + bytes.readUInt16LE(16)}:Fleetsweep.Test.Random-${index}`,
    )
  }
  return `${lines.join('\n')}\n`
}
