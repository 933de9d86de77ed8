import { addMs, type Instant } from '@fleetsweep/protocol'

/** Where the next page of a list that is sorted by time goes on. Callers see opaque text. */
export type Cursor = { at: Instant; id: string }

export function writeCursor({ at, id }: Cursor): string {
  return Buffer.from(`${at}/${id}`).toString('base64url')
}

/** `undefined` for text that is not a cursor of ours. */
export function readCursor(text: string): Cursor | undefined {
  const match = /^(\d{1,16})\/([\x21-\x7e]{1,100})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))
  const [, at, id] = match ?? []
  if (at === undefined || id === undefined) return undefined
  return { at: addMs(EPOCH, Number(at) / 1_000), id }
}

/**
 * One page of a list.
 *
 * @param rows one more than `limit` where there is another page
 */
export function cursorPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => Cursor,
  show: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return { items: page.map(show), nextCursor: last === undefined ? null : writeCursor(cursorOf(last)) }
}

const EPOCH = 0 as Instant
