// 64 clients that ask for scans, each for its next one as soon as the last is answered.
import { HttpLane } from './http-lane.ts'

export type CreateLoad = { url: string; token: string; machineIds: string[]; clients: number }
export type CreateLoadResult = { seconds: number; latenciesMs: number[] }

process.on('message', async ({ url, token, machineIds, clients }: CreateLoad) => {
  const lanes = await Promise.all(Array.from({ length: clients }, () => HttpLane.open(new URL(url))))
  const latenciesMs: number[] = []
  let next = 0
  const begin = performance.now()
  await Promise.all(
    lanes.map(async (lane) => {
      for (let machine = machineIds[next++]; machine !== undefined; machine = machineIds[next++]) {
        const body = JSON.stringify({ Comment: `Check machine due to alert ${next}`, ScanType: 'Quick' })
        const sent = performance.now()
        const answer = await lane.post(`/api/machines/${machine}/runAntiVirusScan`, token, body)
        if (answer.status !== 201)
          throw new Error(`A create was answered with ${answer.status} ${answer.body}`)
        latenciesMs.push(performance.now() - sent)
      }
    }),
  )
  const seconds = (performance.now() - begin) / 1_000
  for (const lane of lanes) lane.close()
  process.send?.({ seconds, latenciesMs } satisfies CreateLoadResult)
})
