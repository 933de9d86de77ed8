import type { DatabaseSync } from 'node:sqlite'
import type { TaskOrder } from '@fleetsweep/protocol'
import { integerOf, textOf } from './row.ts'
import { readTaskOrder } from './stored-text.ts'

/** A task whose turn is to come. */
export type WaitingTask = {
  order: TaskOrder
  /** How often it was begun, and the agent did not live to close it. */
  crashes: number
}

/** The task that has waited longest; `undefined` while none waits. */
export function nextTask(database: DatabaseSync): WaitingTask | undefined {
  const sql = "SELECT * FROM action WHERE state = 'waiting' AND verb <> 'scan' ORDER BY position LIMIT 1"
  const row = database.prepare(sql).get()
  if (row === undefined) return undefined
  // Its text has the id as it was written.
  const order = { ...readTaskOrder(textOf(row, 'order_text')), actionId: textOf(row, 'action_id') }
  return { order, crashes: integerOf(row, 'crashes') }
}
