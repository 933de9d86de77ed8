import { type Clock, instantFromMs } from '@fleetsweep/protocol'

/** The clock of the machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => instantFromMs(Date.now()),
  monotonicMs: () => performance.now(),
  setTimer(ms, run) {
    const timeout = setTimeout(run, ms).unref()
    return { cancel: () => clearTimeout(timeout) }
  },
}
