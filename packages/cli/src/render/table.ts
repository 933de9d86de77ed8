import { safeText } from '@fleetsweep/client'

export type Column = { title: string; align?: 'left' | 'right' }

/** Rows under titles, two blanks between columns; a cell is made safe to print. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => columns.map((_, at) => safeText(row[at] ?? '')))
  const widths = columns.map(({ title }, at) =>
    cells.reduce((width, row) => Math.max(width, (row[at] ?? '').length), title.length),
  )
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, at) => {
        const cell = row[at] ?? ''
        return align === 'right' ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)
      })
      .join('  ')
      .trimEnd()
  return [columns.map(({ title }) => title), ...cells].map((row) => `${line(row)}\n`).join('')
}
