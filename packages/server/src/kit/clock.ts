import { type Clock, instantFromMs } from '@fleetsweep/protocol'

/** The computer's own clocks. */
export const systemClock: Clock = {
  // Not derived from the start of the process: an operator who sets the clock right must see it take effect.
  now: () => instantFromMs(Date.now()),
  monotonicMs: () => performance.now(),
  setTimer(ms, run) {
    const timer = setTimeout(run, ms).unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
