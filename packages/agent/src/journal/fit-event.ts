import { AgentEvent, type AgentFrame, MAX_FRAME_BYTES, type ScanReport } from '@fleetsweep/protocol'
import { LazySchema } from '../kit/lazy-schema.ts'

const agentEvent = new LazySchema(AgentEvent)

/**
 * Makes sure that an event can be told: that it is one by the protocol, and that its frame is not too large. A report
 * loses examples until it fits; its counts stay whole.
 *
 * @throws Error when it cannot be told: journaled, it would make the server hang up for ever
 */
export function fitEvent(actionId: string, number: number, event: AgentEvent): AgentEvent {
  if (!agentEvent.Check(event)) {
    const [error] = agentEvent.Errors(event)
    throw new Error(`An event breaks the protocol: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
  }
  let fitting = event
  while (frameBytes(actionId, number, fitting) > MAX_FRAME_BYTES) {
    const smaller = withFewerExamples(fitting)
    if (smaller === undefined) throw new Error(`An event "${event.kind}" is too large to be told.`)
    fitting = smaller
  }
  return fitting
}

function frameBytes(actionId: string, number: number, event: AgentEvent): number {
  const frame: AgentFrame = { type: 'event', actionId, number, event }
  return Buffer.byteLength(JSON.stringify(frame))
}

function withFewerExamples(event: AgentEvent): AgentEvent | undefined {
  if (!('report' in event) || event.report === null) return undefined
  const { report } = event
  // Whether any place was cut short decides about "clean", so one cut stays.
  const cuts = report.cuts.length > 1 ? firstHalf(report.cuts) : report.cuts
  const fewer: ScanReport = {
    ...report,
    notScannedSamples: firstHalf(report.notScannedSamples),
    directoriesUnreadable: firstHalf(report.directoriesUnreadable),
    mountsSkipped: firstHalf(report.mountsSkipped),
    cuts,
  }
  return countExamples(fewer) < countExamples(report) ? { ...event, report: fewer } : undefined
}

function countExamples(report: ScanReport): number {
  const { notScannedSamples, directoriesUnreadable, mountsSkipped, cuts } = report
  return notScannedSamples.length + directoriesUnreadable.length + mountsSkipped.length + cuts.length
}

function firstHalf<Item>(list: readonly Item[]): Item[] {
  return list.slice(0, Math.floor(list.length / 2))
}
