import { bindCLibrary } from './c-library.ts'

/**
 * Gives memory that nothing uses any more back to the system: V8 keeps a heap that has grown, and the C library what was
 * freed. Takes tens of milliseconds in which nothing else runs. Does less where Node runs without `--expose-gc`, and
 * where the C library has no `malloc_trim`, as musl.
 */
export async function releaseMemory(): Promise<void> {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const trim = await bindCLibrary<(padBytes: number) => number>(({ declare }) =>
    declare('int malloc_trim(size_t)'),
  )
  if (typeof trim === 'function') trim(0)
}
