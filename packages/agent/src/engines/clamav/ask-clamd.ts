import type { Clock } from '@fleetsweep/protocol'
import { connectSocket } from './clamd-transport.ts'

/**
 * Asks clamd one question outside any session and returns the answer without its final NUL.
 *
 * @throws when it does not answer in time, or not at all
 */
export async function askClamd(
  socketPath: string,
  command: 'PING' | 'STATS' | 'VERSION',
  options: { timeoutMs: number; clock: Clock },
): Promise<string> {
  const socket = await connectSocket(socketPath)
  const timer = options.clock.setTimer(options.timeoutMs, () =>
    socket.destroy(new Error(`clamd did not answer ${command} within ${options.timeoutMs} ms`)),
  )
  try {
    socket.write(`z${command}\0`)
    let answer = ''
    for await (const chunk of socket) {
      answer += String(chunk)
      if (answer.includes('\0')) return answer.slice(0, answer.indexOf('\0'))
      if (answer.length > 1_000_000) break
    }
    throw new Error(`clamd did not answer ${command}`)
  } finally {
    timer.cancel()
    socket.destroy()
  }
}

/** True when clamd works on nothing and nothing waits, seen from its own STATS, which is itself one item of work; idle threads are listed as IDLE. */
export function isIdle(stats: string): boolean {
  const queues = [...stats.matchAll(/^QUEUE: (\d+) items/gm)]
  const tasks = [...stats.matchAll(/^\t(\S+) /gm)].filter(([, task]) => task !== 'STATS' && task !== 'IDLE')
  return queues.length > 0 && queues.every(([, items]) => items === '0') && tasks.length === 0
}
