import fc from 'fast-check'
import type { FuzzCall, FuzzWorld } from './fuzz-world.ts'
import { expectGoodAnswer, isApi } from './good-answer.ts'

/** Cases of each property; `FLEETSWEEP_FUZZ` asks for more. */
const USUAL_CASES = 400
/** The same cases each time; `FLEETSWEEP_FUZZ_SEED` asks for others. */
const USUAL_SEED = 20_261_123

const cases = Number(process.env.FLEETSWEEP_FUZZ ?? USUAL_CASES)
const seed = Number(process.env.FLEETSWEEP_FUZZ_SEED ?? USUAL_SEED)
if (!Number.isSafeInteger(cases) || !Number.isSafeInteger(seed)) {
  throw new Error('FLEETSWEEP_FUZZ and FLEETSWEEP_FUZZ_SEED must be whole numbers.')
}

/** A test of a whole property may take as long as its cases do; each call has a deadline of its own. */
export const FUZZ_TIMEOUT = { timeout: 6 * 3_600_000 }

/**
 * Sends calls, looks at each answer, and says at the end how many there were and what came of them.
 *
 * @param calls of several kinds, each of which gets the same share
 */
export async function fuzz(
  name: string,
  world: FuzzWorld,
  ...calls: readonly fc.Arbitrary<FuzzCall>[]
): Promise<void> {
  await countCases(name, world, calls, async (call) => {
    const before = await world.state()
    const answer = await world.send(call)
    expectGoodAnswer(call, answer)
    if (answer.status >= 400 && isApi(call.target) && (await world.state()) !== before) {
      throw new Error(`A call that was refused with ${answer.status} changed something: ${answer.text}`)
    }
    if (answer.status === 429) await world.signInAnew()
    return String(answer.status)
  })
}

/** Runs all cases of one property, each of which says what came of it; afterwards the server must still serve. */
export async function countCases<Case>(
  name: string,
  world: FuzzWorld,
  kinds: readonly fc.Arbitrary<Case>[],
  run: (one: Case) => Promise<string>,
): Promise<void> {
  const outcomes = new Map<string, number>()
  const numRuns = Math.ceil(cases / kinds.length)
  for (const kind of kinds) {
    const property = fc.asyncProperty(kind, async (one) => {
      const outcome = await run(one)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    })
    await fc.assert(property, { numRuns, seed })
  }
  await world.expectGoodCall()
  const counts = [...outcomes].sort().map(([outcome, count]) => `${outcome}: ${count}`)
  const total = numRuns * kinds.length
  process.stdout.write(`Fuzzed ${name} with ${total} cases of seed ${seed}: ${counts.join(', ')}\n`)
}
