import { Text } from '@fluentui/react-components'
import { Fragment, type Key, type ReactNode } from 'react'
import { MOST_ROWS } from '../queries/collect.ts'
import { useTableStyles } from './use-table-styles.ts'

export type TableColumn<T> = {
  title: string
  cell: (row: T) => ReactNode
  number?: boolean
  /** Never broken into lines. */
  oneLine?: boolean
}

/** A table of plain rows. The first column names the row, for screen readers too. */
export function DataTable<T>(props: {
  caption: string
  columns: readonly TableColumn<T>[]
  rows: readonly T[]
  keyOf: (row: T) => Key
  /** A last row that sums up. */
  footer?: readonly ReactNode[]
  /** True when the list goes on past the rows. */
  more?: boolean
}) {
  const styles = useTableStyles()
  const look = ({ number, oneLine }: TableColumn<T>) => ({
    'data-number': number || undefined,
    'data-one-line': oneLine || undefined,
  })
  return (
    <>
      <section className={styles.scroller} aria-label={props.caption}>
        <table className={styles.table}>
          <thead>
            <tr>
              {props.columns.map((column) => (
                <th key={column.title} scope="col" {...look(column)}>
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {props.rows.map((row) => (
              <tr key={props.keyOf(row)}>
                {props.columns.map((column, at) => {
                  const Cell = at === 0 ? 'th' : 'td'
                  return (
                    <Cell key={column.title} {...look(column)} {...(at === 0 && { scope: 'row' })}>
                      {column.cell(row)}
                    </Cell>
                  )
                })}
              </tr>
            ))}
          </tbody>
          {props.footer && (
            <tfoot>
              <tr>
                {props.columns.map((column, at) => (
                  <Fragment key={column.title}>
                    {at === 0 ? (
                      <th scope="row">{props.footer?.[at]}</th>
                    ) : (
                      <td {...look(column)}>{props.footer?.[at]}</td>
                    )}
                  </Fragment>
                ))}
              </tr>
            </tfoot>
          )}
        </table>
      </section>
      {props.more && (
        <Text className={styles.note} block>
          The first {MOST_ROWS} are shown; there are more.
        </Text>
      )}
    </>
  )
}
