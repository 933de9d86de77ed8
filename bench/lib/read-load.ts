// Clients that read, each its next one as soon as the last is answered. They never sleep: a server that shares their
// computer would pay for waking them with every answer, the slower one more often, and none on a network does.
import { HttpLane } from './http-lane.ts'

/** The call number n reads `paths[n]` with `tokens[n]`, counted round. */
export type ReadLoad = { url: string; tokens: string[]; paths: string[]; calls: number; clients: number }
export type ReadLoadResult = {
  seconds: number
  latenciesMs: number[]
}

process.on('message', async ({ url, tokens, paths, calls, clients }: ReadLoad) => {
  const lanes = await Promise.all(Array.from({ length: clients }, () => HttpLane.open(new URL(url))))
  const latenciesMs: number[] = []
  let next = 0
  let isOver = false
  const stayAwake = () => {
    if (!isOver) setImmediate(stayAwake)
  }
  stayAwake()
  const begin = performance.now()
  await Promise.all(
    lanes.map(async (lane) => {
      for (let call = next++; call < calls; call = next++) {
        const sent = performance.now()
        const answer = await lane.get(paths[call % paths.length] ?? '/', tokens[call % tokens.length] ?? '')
        if (answer.status !== 200) throw new Error(`A read was answered ${answer.status} ${answer.body}`)
        latenciesMs.push(performance.now() - sent)
      }
    }),
  )
  const seconds = (performance.now() - begin) / 1_000
  isOver = true
  for (const lane of lanes) lane.close()
  process.send?.({ seconds, latenciesMs } satisfies ReadLoadResult)
})
