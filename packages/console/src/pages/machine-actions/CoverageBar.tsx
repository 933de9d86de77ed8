import type { Coverage } from '@fleetsweep/protocol'
import { makeStyles, Tab, TabList, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { coverageParts, type Measure, picturedInWords } from './coverage-parts.ts'
import { swatchColor } from './Swatch.tsx'

const useStyles = makeStyles({
  box: { display: 'grid', gap: tokens.spacingVerticalS, marginBottom: tokens.spacingVerticalM },
  bar: { display: 'flex', gap: '2px', height: '24px' },
  part: {
    // Also what is next to nothing shows: a single file that was not read matters.
    minWidth: '4px',
    flexBasis: 0,
    borderRadius: tokens.borderRadiusSmall,
    // These colours are the picture: a theme of the system's that takes them away would leave nothing of it.
    forcedColorAdjust: 'none',
  },
})

/** A bar of everything that a scan met, as long as its files or their sizes. The table below it is its legend. */
export function CoverageBar({ coverage }: { coverage: Coverage }) {
  const styles = useStyles()
  const [measure, setMeasure] = useState<Measure>('files')
  if (coverage.met.files === 0) return null
  return (
    <div className={styles.box}>
      <TabList
        size="small"
        aria-label="What the bar shows"
        selectedValue={measure}
        onTabSelect={(_, { value }) => setMeasure(value === 'bytes' ? 'bytes' : 'files')}
      >
        <Tab value="files">By files</Tab>
        <Tab value="bytes">By size</Tab>
      </TabList>
      <div className={styles.bar} role="img" aria-label={picturedInWords(coverage, measure)}>
        {coverageParts(coverage, measure).map(({ key, amount }) => (
          <div
            key={key}
            className={styles.part}
            style={{ flexGrow: amount / coverage.met[measure], backgroundColor: swatchColor(key) }}
          />
        ))}
      </div>
    </div>
  )
}
