import {
  AgentEvent,
  SCAN_TYPES,
  ScanOrder,
  type ScanType,
  STOP_PROOFS,
  type StopProof,
  TaskOrder,
} from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import { LOGGED_VERBS, type LoggedVerb } from '../local-log/index.ts'
import { parseJson } from '../os/parse-json.ts'
import { LocalScan, type Origin } from './local-scan.ts'
import { type Row, textOf, textOrNullOf } from './row.ts'

const agentEvent = new LazySchema(AgentEvent)
const scanOrder = new LazySchema(ScanOrder)
const taskOrder = new LazySchema(TaskOrder)
const localScan = new LazySchema(LocalScan)
const scanType = new LazySchema(Type.Enum(SCAN_TYPES))
const stopProof = new LazySchema(Type.Enum(STOP_PROOFS))

/** Reads back an event that the journal holds. */
export function readEvent(body: string): AgentEvent {
  const event = parseJson(body)
  if (!agentEvent.Check(event)) throw new Error('The journal is damaged: an event cannot be read.')
  return event
}

/** Reads back what a waiting scan was ordered to do. */
export function readScanOrder(text: string): ScanOrder {
  const order = parseJson(text)
  if (!scanOrder.Check(order)) throw new Error('The journal is damaged: an order cannot be read.')
  return order
}

/** Reads back what a scan is to do that somebody on this machine asked for. */
export function readLocalScan(text: string): LocalScan {
  const scan = parseJson(text)
  if (!localScan.Check(scan)) throw new Error('The journal is damaged: a local scan cannot be read.')
  return scan
}

/** Reads back what a waiting task was ordered to do. */
export function readTaskOrder(text: string): TaskOrder {
  const order = parseJson(text)
  if (!taskOrder.Check(order)) throw new Error('The journal is damaged: an order cannot be read.')
  return order
}

export function readScanType(text: string): ScanType {
  if (!scanType.Check(text)) throw new Error('The journal is damaged: a scan type cannot be read.')
  return text
}

/** Reads the proof of a row; `undefined` while it has none. */
export function readProof(row: Row): StopProof | undefined {
  const text = textOrNullOf(row, 'proof')
  return text !== null && stopProof.Check(text) ? text : undefined
}

export function originOf(row: Row): Origin {
  return textOf(row, 'origin') === 'local' ? 'local' : 'server'
}

const loggedVerb = new LazySchema(Type.Enum(LOGGED_VERBS))

export function verbOf(row: Row): LoggedVerb {
  const verb = textOf(row, 'verb')
  if (!loggedVerb.Check(verb)) throw new Error('The journal is damaged: a verb cannot be read.')
  return verb
}
