import { formatInstant, WEBHOOK_TEST } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { StoredDelivery } from './webhook.ts'

const AboutAction = Compile(Type.Object({ actionId: Type.String() }))
const Data = Compile(Type.Record(Type.String(), Type.Unknown()))

/**
 * The body of a delivery, the same for every attempt as long as the server keeps its name.
 *
 * @param pageOf the page of a scan
 */
export function writeMessage(
  { event, createdAt, data: stored }: Pick<StoredDelivery, 'event' | 'createdAt' | 'data'>,
  pageOf: (actionId: string) => string,
): string {
  const data: unknown = JSON.parse(stored)
  if (!Data.Check(data)) throw new Error(`The data of a delivery is no object: ${stored}`)
  const linked =
    event !== WEBHOOK_TEST && AboutAction.Check(data) ? { ...data, url: pageOf(data.actionId) } : data
  return JSON.stringify({ type: event, timestamp: formatInstant(createdAt), data: linked })
}
