type Koffi = typeof import('koffi').default

/** The C library of this process. */
export type CLibrary = {
  koffi: Koffi
  /** Declares one of its functions, as C does. */
  declare: ReturnType<Koffi['load']>['func']
  /** True when the call before failed with just this, such as `EAGAIN`. */
  failedWith: (name: string) => boolean
  /** Why the call before failed, with the name of its error. */
  failure: (what: string) => Error
}

/**
 * Loads the C library and binds what is needed of it.
 *
 * @returns why not, where this machine cannot: not 64-bit Linux, or the foreign function interface does not load
 */
export async function bindCLibrary<Bound>(
  bind: (library: CLibrary) => Bound,
): Promise<Bound | { unavailable: string }> {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return { unavailable: `not built for ${process.platform} ${process.arch}` }
  }
  try {
    const { default: koffi } = await import('koffi')
    return bind(libraryOf(koffi))
  } catch (error) {
    return { unavailable: `koffi does not load: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function libraryOf(koffi: Koffi): CLibrary {
  const library = koffi.load(null)
  const codes: Record<string, number> = koffi.os.errno
  return {
    koffi,
    declare: library.func.bind(library),
    failedWith: (name) => koffi.errno() === codes[name],
    failure(what) {
      const number = koffi.errno()
      const name = Object.entries(codes).find(([, value]) => value === number)?.[0] ?? `errno ${number}`
      return new Error(`${what}: ${name}`)
    },
  }
}
