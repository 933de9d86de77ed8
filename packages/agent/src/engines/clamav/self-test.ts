import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, type Judgement } from '../engine.ts'

/** The pattern that every antivirus program agrees to find (https://www.eicar.org), never whole in a file of ours. */
function testPattern(): string {
  return ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', 'STANDARD', 'ANTIVIRUS', 'TEST', 'FILE!$H+H*'].join('-')
}

/**
 * Proves that the engine finds something: it must call a harmless test pattern a threat, in a file without a name.
 *
 * @param folder where the nameless file is made
 * @throws EngineError `engineBlind` when it does not
 */
export async function proveSight(
  folder: string,
  judge: (descriptor: number, sizeBytes: number) => Promise<Judgement>,
): Promise<void> {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const path = join(folder, `self-test-${randomBytes(8).toString('hex')}`)
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    unlinkSync(path)
    const pattern = testPattern()
    writeSync(descriptor, pattern)
    const judgement = await judge(descriptor, pattern.length)
    if (judgement.kind === 'threat' || (judgement.kind === 'notJudged' && judgement.reason === 'cancelled'))
      return
    const said = judgement.kind === 'clean' ? 'calls it clean' : judgement.detail
    throw new EngineError('engineBlind', `The engine does not find the test pattern: it ${said}.`)
  } finally {
    closeSync(descriptor)
  }
}
