import { type ScanWindow, WEEKDAYS } from '@fleetsweep/protocol'
import {
  Button,
  Checkbox,
  Field,
  Input,
  makeStyles,
  mergeClasses,
  Text,
  tokens,
} from '@fluentui/react-components'
import { AddRegular, DeleteRegular } from '@fluentui/react-icons'
import { fieldError } from '../../components/field-error.ts'

const useStyles = makeStyles({
  list: { display: 'grid', gap: tokens.spacingVerticalS, justifyItems: 'start' },
  plain: { border: 'none', margin: 0, padding: 0, minWidth: 0 },
  legend: { padding: 0, marginBottom: tokens.spacingVerticalXXS },
  hint: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  row: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: tokens.spacingHorizontalS },
})

const DAY_WORDS: Record<(typeof WEEKDAYS)[number], string> = {
  mon: 'Mon',
  tue: 'Tue',
  wed: 'Wed',
  thu: 'Thu',
  fri: 'Fri',
  sat: 'Sat',
  sun: 'Sun',
}

const NEW_WINDOW: ScanWindow = { days: [...WEEKDAYS], from: '22:00', to: '06:00' }

/** The stretches of the week in which scans may work. @param problems by their places in the list */
export function WindowFields(props: {
  windows: readonly ScanWindow[]
  problems: ReadonlyMap<number, string> | undefined
  onChange: (windows: ScanWindow[]) => void
}) {
  const styles = useStyles()
  const { windows, problems, onChange } = props
  const replace = (at: number, window: ScanWindow) => onChange(windows.with(at, window))
  return (
    <fieldset className={mergeClasses(styles.plain, styles.list)}>
      <legend className={styles.legend}>Scans work</legend>
      <Text className={styles.hint}>
        {windows.length === 0
          ? 'At any time.'
          : 'By the machine’s own clock; an end that is not after its beginning is on the next day.'}
      </Text>
      {windows.map((window, at) => (
        <Field key={at} {...fieldError(problems?.get(at))}>
          <fieldset className={styles.plain} aria-label={`Window ${at + 1}`}>
            <Days days={window.days} onChange={(days) => replace(at, { ...window, days })} />
            <div className={styles.row}>
              <Field label="From">
                <Input
                  type="time"
                  value={window.from}
                  onChange={(_, { value }) => replace(at, { ...window, from: value })}
                />
              </Field>
              <Field label="To">
                <Input
                  type="time"
                  value={window.to}
                  onChange={(_, { value }) => replace(at, { ...window, to: value })}
                />
              </Field>
              <Button
                icon={<DeleteRegular />}
                aria-label={`Remove window ${at + 1}`}
                onClick={() => onChange(windows.toSpliced(at, 1))}
              />
            </div>
          </fieldset>
        </Field>
      ))}
      <Button icon={<AddRegular />} onClick={() => onChange([...windows, NEW_WINDOW])}>
        Add a window
      </Button>
    </fieldset>
  )
}

function Days({
  days,
  onChange,
}: {
  days: ScanWindow['days']
  onChange: (days: ScanWindow['days']) => void
}) {
  return WEEKDAYS.map((day) => (
    <Checkbox
      key={day}
      label={DAY_WORDS[day]}
      checked={days.includes(day)}
      // In the order of the week, however they were chosen.
      onChange={(_, { checked }) =>
        onChange(WEEKDAYS.filter((one) => (one === day ? checked === true : days.includes(one))))
      }
    />
  ))
}
