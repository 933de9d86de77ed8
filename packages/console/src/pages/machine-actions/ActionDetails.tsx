import { describeEngine, formatCount, formatDuration, resultOf, STOP_PROOF_WORDS } from '@fleetsweep/client'
import { type MachineAction, parseInstant, type Scan } from '@fleetsweep/protocol'
import { makeStyles, tokens } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { Moment } from '../../components/Moment.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { Section } from './Section.tsx'

const useStyles = makeStyles({
  list: {
    display: 'grid',
    gridTemplateColumns: 'max-content 1fr',
    gap: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalXL}`,
    margin: 0,
    '& dt': { color: tokens.colorNeutralForeground3 },
    '& dd': { margin: 0 },
  },
})

/** Who asked for what and when, and what judged the files. */
export function ActionDetails({ action, scan }: { action: MachineAction; scan: Scan | undefined }) {
  const styles = useStyles()
  const text = (value: string | null) => value !== null && value !== '' && <OutsideText text={value} />
  const rows: [string, ReactNode][] = [
    ['Result', text(resultOf(action))],
    ['Requested by', text(action.requestor)],
    ['Comment', text(action.requestorComment)],
    ['Requested', <Moment key="requested" at={action.creationDateTimeUtc} />],
    ['Started', scan?.startedAt && <Moment at={scan.startedAt} />],
    ['Ended', scan?.endedAt && <Moment at={scan.endedAt} />],
    ['Cancelled by', text(action.cancellationRequestor)],
    ['Because', text(action.cancellationComment)],
    ['Stopped', scan?.stop && <StopWords stop={scan.stop} />],
    ['Judged by', scan?.report && <EngineWords scan={scan} />],
    ['Took', scan?.report && formatDuration(scan.report.durationMs)],
    ['Attempts', scan && scan.attempts > 1 && formatCount(scan.attempts)],
    ['External id', text(action.externalId)],
    ['Machine id', <OutsideText key="machine" mono text={action.machineId} />],
    ['Action id', <OutsideText key="action" mono text={action.id} />],
  ]
  return (
    <Section title="Details">
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
    </Section>
  )
}

function EngineWords({ scan }: { scan: Scan }) {
  if (!scan.report) return null
  const endedAt = scan.endedAt === null ? undefined : parseInstant(scan.endedAt)
  return <OutsideText text={describeEngine(scan.report.engine, endedAt)} />
}

function StopWords({ stop }: { stop: NonNullable<Scan['stop']> }) {
  if (stop.provenAt === null) {
    return (
      <>
        told to at <Moment at={stop.orderedAt} />; the machine has not proven yet that it did
      </>
    )
  }
  return (
    <>
      proven at <Moment at={stop.provenAt} />
      {stop.stoppedWithinMs !== null && `, after ${formatDuration(stop.stoppedWithinMs)}`}
      {stop.proof !== null && `: ${STOP_PROOF_WORDS[stop.proof]}`}
    </>
  )
}
