import type { Clock, Timer } from '@fleetsweep/protocol'
import type { Logger } from '../os/logger.ts'
import type { Quarantine } from './quarantine.ts'

const EVERY_MS = 6 * 3_600_000

/** Deletes what was kept long enough, for as long as the agent runs. */
export function keepRetention(
  quarantine: Pick<Quarantine, 'deleteExpired'>,
  clock: Clock,
  logger: Logger,
): Disposable {
  let timer: Timer
  const schedule = () => {
    timer = clock.setTimer(EVERY_MS, () => {
      quarantine
        .deleteExpired()
        .then((count) => {
          if (count > 0) logger.info({ count }, 'files were kept in quarantine long enough and are deleted')
        })
        .catch((error: unknown) => {
          logger.error({ error: String(error) }, 'what is in quarantine for too long cannot be deleted')
        })
      schedule()
    })
  }
  schedule()
  return { [Symbol.dispose]: () => timer.cancel() }
}
