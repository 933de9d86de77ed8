import { readlinkSync } from 'node:fs'
import type { Engine } from '../src/engines/index.ts'

/** The same engine, with something that happens at the moment when a file is open and not judged yet. */
export function hookEngine(
  engine: Engine,
  hooks: {
    beforeJudge?: (path: string) => void | Promise<void>
    afterJudge?: (path: string) => unknown
  },
): Engine {
  return {
    inspect: () => engine.inspect(),
    async open(options) {
      const session = await engine.open(options)
      return {
        info: session.info,
        window: session.window,
        ownFolders: session.ownFolders,
        async judge(descriptor, sizeBytes) {
          const path = readlinkSync(`/proc/self/fd/${descriptor}`)
          await hooks.beforeJudge?.(path)
          const judgement = await session.judge(descriptor, sizeBytes)
          await hooks.afterJudge?.(path)
          return judgement
        },
        ...(session.brake && { brake: session.brake }),
        confirm: async () => session.confirm?.(),
        stop: () => session.stop(),
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      }
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
