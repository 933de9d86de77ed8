/** Reads a list to its end, or to so many items. */
export async function collect<T>(items: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) {
    list.push(item)
    if (list.length >= limit) break
  }
  return list
}
