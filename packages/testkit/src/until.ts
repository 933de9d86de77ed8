const POLL_MS = 5

/**
 * Waits until something is so.
 *
 * @param what completes the sentence "it did not happen that …"
 */
export async function until<Result>(
  look: () => Result | undefined | false | Promise<Result | undefined | false>,
  what: string,
  timeoutMs = 25_000,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`It did not happen that ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
