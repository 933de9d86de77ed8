// A first scan of a corpus made of what the machine has: the agent against `clamdscan --multiscan --fdpass`, once with
// clamd as Debian ships it and once configured as ours, in alternating rounds. Every clamd is started anew for each run
// and has loaded its signatures: nothing is in its cache, and loading is not counted.
import { availableParallelism } from 'node:os'
import { AgentLane } from './lib/agent-lane.ts'
import { ClamdscanLane, type LaneRun } from './lib/clamdscan-lane.ts'
import { median, requireSameFound, withScanBench } from './lib/scan-bench.ts'
import { round } from './lib/statistics.ts'

await withScanBench(async ({ root, corpus, databaseDir, rounds, isSmall }) => {
  await using agent = new AgentLane(root, databaseDir)
  await using stock = new ClamdscanLane(root, databaseDir)
  await using alike = new ClamdscanLane(root, databaseDir, {
    MaxThreads: Math.min(Math.max(availableParallelism(), 2), 8),
    MaxQueue: 200,
    DisableCache: 'yes',
    SelfCheck: 0,
  })
  const runs: Record<'ours' | 'stock' | 'alike', LaneRun[]> = { ours: [], stock: [], alike: [] }
  const starts: number[] = []
  const warm: number[] = []
  for (let at = 0; at < rounds; at++) {
    await stock.restart()
    const theirs = await stock.scan(corpus.folder)
    await stock[Symbol.asyncDispose]()
    starts.push(await agent.restart())
    const ours = await agent.scan(corpus.folder, { rescan: true })
    // The same once more with the engine and the system's page cache warm, every byte read again.
    if (at === 0) warm.push((await agent.scan(corpus.folder, { rescan: true })).wallMs)
    await agent[Symbol.asyncDispose]()
    await alike.restart()
    const same = await alike.scan(corpus.folder)
    await alike[Symbol.asyncDispose]()
    requireSameFound(`round ${at + 1}`, ours, theirs)
    runs.ours.push(ours)
    runs.stock.push(theirs)
    runs.alike.push(same)
    console.log(
      `round ${at + 1}: ours ${words(ours)}, clamdscan ${words(theirs)}, clamdscan with our configuration ${words(same)}`,
    )
  }
  const walls = (lane: LaneRun[]) => median(lane.map(({ wallMs }) => wallMs / 1_000))
  const cpus = (lane: LaneRun[]) => median(lane.map(({ cpuMs }) => cpuMs / 1_000))
  const pairs = (of: 'wallMs' | 'cpuMs', theirs: LaneRun[]) =>
    median(runs.ours.map((ours, at) => ours[of] / (theirs[at]?.[of] ?? 1)))
  console.log(
    JSON.stringify({
      bench: 'first-scan',
      ratio: pairs('wallMs', runs.stock),
      cpuRatio: pairs('cpuMs', runs.stock),
      ratioOurConfiguration: pairs('wallMs', runs.alike),
      cpuRatioOurConfiguration: pairs('cpuMs', runs.alike),
      wallS: walls(runs.ours),
      stockWallS: walls(runs.stock),
      ourConfigurationWallS: walls(runs.alike),
      cpuS: cpus(runs.ours),
      stockCpuS: cpus(runs.stock),
      engineStartS: round((starts.toSorted((a, b) => a - b)[starts.length >> 1] ?? 0) / 1_000),
      warmWallS: round((warm[0] ?? 0) / 1_000),
      files: corpus.files,
      megabytes: Math.round(corpus.bytes / 1e6),
      detections: runs.ours[0]?.found.size,
      rounds,
      ...(isSmall && { tooSmallToTell: true }),
    }),
  )
})

function words({ wallMs, cpuMs, found }: LaneRun): string {
  return `${(wallMs / 1_000).toFixed(2)} s (CPU ${(cpuMs / 1_000).toFixed(2)} s, ${found.size} found)`
}
