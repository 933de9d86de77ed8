/** The first items of a list and whether there are more: one more is asked for than is shown. */
export type FirstItems<T> = { items: T[]; more: boolean }

/** Most rows that a page shows; past that, a reader narrows the list. */
export const MOST_ROWS = 500

export async function firstItems<T>(list: AsyncIterable<T>): Promise<FirstItems<T>> {
  const items: T[] = []
  for await (const item of list) {
    if (items.length === MOST_ROWS) return { items, more: true }
    items.push(item)
  }
  return { items, more: false }
}
