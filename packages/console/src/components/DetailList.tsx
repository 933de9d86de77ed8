import { makeStyles, tokens } from '@fluentui/react-components'
import type { ReactNode } from 'react'

const useStyles = makeStyles({
  list: {
    display: 'grid',
    gridTemplateColumns: 'max-content minmax(0, 1fr)',
    gap: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalXL}`,
    margin: 0,
    '& dt': { color: tokens.colorNeutralForeground3 },
    '& dd': { margin: 0, minWidth: 0 },
    '@media (max-width: 480px)': {
      gridTemplateColumns: 'minmax(0, 1fr)',
      rowGap: 0,
      '& dd': { paddingBottom: tokens.spacingVerticalS },
    },
  },
})

/** Names and what they hold; a row without a value is left out. */
export function DetailList({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  const styles = useStyles()
  return (
    <dl className={styles.list}>
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
