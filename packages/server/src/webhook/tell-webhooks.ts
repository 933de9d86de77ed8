import type { DetectionFound, MachineActionEnded, TenantId, WebhookEvent } from '@fleetsweep/protocol'
import { type Kysely, sql } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { WebhookTables } from './webhook-row.ts'

/** What can happen that webhooks are told of. */
export type Happening =
  | { event: 'machineAction.ended'; subject: string; data: MachineActionEnded }
  | { event: 'detection.found'; subject: string; data: DetectionFound }

const ID_PREFIX: Readonly<Record<WebhookEvent, string>> = {
  'machineAction.ended': 'action_',
  'detection.found': 'detection_',
}

/**
 * Part of the write that makes something happen: adds a delivery for every enabled webhook that wants to hear of it.
 * One statement, whether there are many webhooks or none. The same thing is told once, however often it is met.
 */
export function* tellWebhooks(
  tenant: TenantId,
  { event, subject, data }: Happening,
  context: WriteContext,
): WriteSteps<void> {
  const id = ID_PREFIX[event] + subject
  yield* run(
    insertDeliveries(context.dialect, {
      tenant,
      id,
      event,
      subject,
      data: JSON.stringify(data),
      at: context.at,
    }),
  )
}

type Told = { tenant: string; id: string; event: string; subject: string; data: string; at: number }

const insertDeliveries = prepare(
  (db: Kysely<WebhookTables>, { tenant, id, event, subject, data, at }: Told) =>
    db
      .insertInto('webhook_delivery')
      .columns([
        'tenant',
        'webhook',
        'id',
        'event',
        'subject',
        'data',
        'created_at',
        'status',
        'attempts',
        'claims',
        'next_attempt_at',
      ])
      .expression((eb) =>
        eb
          .selectFrom('webhook_event as wanted')
          .innerJoin('webhook', (join) =>
            join.onRef('webhook.tenant', '=', 'wanted.tenant').onRef('webhook.id', '=', 'wanted.webhook'),
          )
          // PostgreSQL takes a value of a select list for text unless it is told.
          .select([
            'wanted.tenant',
            'wanted.webhook',
            sql<string>`cast(${id} as text)`.as('id'),
            'wanted.event',
            sql<string>`cast(${subject} as text)`.as('subject'),
            sql<string>`cast(${data} as text)`.as('data'),
            sql<number>`cast(${at} as bigint)`.as('created_at'),
            sql.lit('pending').as('status'),
            sql.lit(0).as('attempts'),
            sql.lit(0).as('claims'),
            sql<number>`cast(${at} as bigint)`.as('next_attempt_at'),
          ])
          .where('wanted.tenant', '=', tenant)
          .where('wanted.event', '=', event)
          .where('webhook.disabled_at', 'is', null),
      )
      .onConflict((conflict) => conflict.doNothing()),
)
