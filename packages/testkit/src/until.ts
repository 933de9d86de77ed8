/**
 * Waits until something is so.
 *
 * @param what completes the sentence "it did not happen that …"
 * @param options.everyMs how often it looks; a look that calls an API must leave room under its rate limits
 */
export async function until<Result>(
  look: () => Result | undefined | false | Promise<Result | undefined | false>,
  what: string,
  { timeoutMs = 25_000, everyMs = 5 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<Result> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`It did not happen that ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
