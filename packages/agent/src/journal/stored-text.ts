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
import { parseJson } from '../os/parse-json.ts'
import { type Row, textOrNullOf } from './row.ts'

const agentEvent = new LazySchema(AgentEvent)
const scanOrder = new LazySchema(ScanOrder)
const taskOrder = new LazySchema(TaskOrder)
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
