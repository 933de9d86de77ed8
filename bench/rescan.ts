// A second scan of a corpus that did not change, of one in which a hundredth did, of one after new signatures, and of one
// with ClamAV's test files in it, which are read again each time because nothing but clean is remembered: the agent
// against `clamdscan --multiscan --fdpass` repeated, with the cache that Debian ships and with a large one. All engines are
// warm, except after the new signatures. By default there are 80,000 files, more than clamd's cache has room for as Debian
// ships it (65,536 entries); with `--files 50000` there are fewer.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { AgentLane } from './lib/agent-lane.ts'
import { ClamdscanLane } from './lib/clamdscan-lane.ts'
import { median, withScanBench } from './lib/scan-bench.ts'
import { addThreats, changeFiles, makeCleanCorpus } from './lib/scan-corpus.ts'

const INFECTED = 20

await withScanBench(
  async ({ root, corpus, databaseDir, rounds, isSmall }) => {
    await using agent = new AgentLane(root, databaseDir)
    await using stock = new ClamdscanLane(root, databaseDir)
    await using large = new ClamdscanLane(root, databaseDir, { CacheSize: 1_048_576 })
    console.log('First scans of all three …')
    await agent.restart()
    const first = await agent.scan(corpus.folder)
    for (const lane of [stock, large]) {
      await lane.restart()
      await lane.scan(corpus.folder)
    }
    const unchanged: number[] = []
    const unchangedStock: number[] = []
    const unchangedLarge: number[] = []
    let verified = 0
    for (let at = 0; at < rounds; at++) {
      unchangedStock.push((await stock.scan(corpus.folder)).wallMs)
      const { wallMs, report } = await agent.scan(corpus.folder)
      unchanged.push(wallMs)
      verified = report.unchangedVerified?.files ?? 0
      unchangedLarge.push((await large.scan(corpus.folder)).wallMs)
      console.log(
        `unchanged, round ${at + 1}: ours ${unchanged.at(-1)?.toFixed(0)} ms, clamdscan ${unchangedStock.at(-1)?.toFixed(0)} ms, with a large cache ${unchangedLarge.at(-1)?.toFixed(0)} ms`,
      )
    }
    const changed: number[] = []
    let missed = 0
    for (let at = 0; at < rounds; at++) {
      const { infected } = changeFiles(corpus, { share: 0.01, infected: INFECTED, round: at })
      const { wallMs, found } = await agent.scan(corpus.folder)
      missed += infected.filter((path) => !found.has(path)).length
      changed.push(wallMs)
      console.log(`1 % changed, round ${at + 1}: ours ${wallMs.toFixed(0)} ms`)
    }
    appendFileSync(join(databaseDir, 'bench.hdb'), `${'0'.repeat(32)}:77:Bench.One-More\n`)
    const updated = await agent.scan(corpus.folder)
    await stock.restart()
    const updatedStock = await stock.scan(corpus.folder)
    corpus.files += addThreats(corpus.folder)
    const { found: threats } = await agent.scan(corpus.folder)
    const withThreats: number[] = []
    for (let at = 0; at < rounds; at++) withThreats.push((await agent.scan(corpus.folder)).wallMs)
    const ratio = (ours: number[], theirs: number[]) => median(ours) / median(theirs)
    console.log(
      JSON.stringify({
        bench: 'rescan',
        ratio: Number(ratio(unchanged, unchangedStock).toPrecision(3)),
        ratioLargeCache: Number(ratio(unchanged, unchangedLarge).toPrecision(3)),
        ratioOnePercentChanged: Number(ratio(changed, unchangedStock).toPrecision(3)),
        ratioAfterNewSignatures: Number((updated.wallMs / updatedStock.wallMs).toPrecision(3)),
        secondsPer100kFiles: Number(((median(unchanged) / corpus.files) * 100).toPrecision(3)),
        unchangedMs: median(unchanged),
        stockMs: median(unchangedStock),
        largeCacheMs: median(unchangedLarge),
        onePercentChangedMs: median(changed),
        afterNewSignaturesMs: Math.round(updated.wallMs),
        firstScanMs: Math.round(first.wallMs),
        withThreatsMs: median(withThreats),
        threats: threats.size,
        infectedMissed: missed,
        infectedTried: INFECTED * rounds,
        readAgainByChance: verified,
        files: corpus.files,
        rounds,
        ...(isSmall && { tooSmallToTell: true }),
      }),
    )
    if (missed > 0) throw new Error(`${missed} changed files with a threat were missed.`)
  },
  { files: 80_000, make: makeCleanCorpus },
)
