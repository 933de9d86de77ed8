import { formatCount, formatDuration, resultOf, STOP_PROOF_WORDS } from '@fleetsweep/client'
import type { MachineAction, Scan } from '@fleetsweep/protocol'
import type { ReactNode } from 'react'
import { DetailList } from '../../components/DetailList.tsx'
import { Moment } from '../../components/Moment.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { Section } from './Section.tsx'

/** Who asked for what and when, and how it ended. */
export function ActionDetails({ action, scan }: { action: MachineAction; scan: Scan | undefined }) {
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
    ['Took', scan?.report && formatDuration(scan.report.durationMs)],
    ['Attempts', scan && scan.attempts > 1 && formatCount(scan.attempts)],
    ['External id', text(action.externalId)],
    ['Machine id', <OutsideText key="machine" mono text={action.machineId} />],
    ['Action id', <OutsideText key="action" mono text={action.id} />],
  ]
  return (
    <Section title="Details">
      <DetailList rows={rows} />
    </Section>
  )
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
