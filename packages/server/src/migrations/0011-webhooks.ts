import type { Migration } from '../kit/db/migration.ts'

/** Who is told of what happens, and what is on its way to them. */
export const webhooks: Migration = {
  id: 11,
  name: 'webhooks',
  statements: ({ text, instant, integer }, dialect) => {
    const table = (name: string, columns: string) =>
      `CREATE TABLE ${name} (${columns})${dialect === 'sqlite' ? ' STRICT' : ''}`
    return [
      table(
        'webhook',
        `tenant ${text} NOT NULL, id ${text} NOT NULL, url ${text} NOT NULL, description ${text} NOT NULL,
         created_at ${instant} NOT NULL, disabled_at ${instant}, disabled_reason ${text},
         sealed_secret ${text} NOT NULL, sealed_previous_secret ${text}, previous_until ${instant},
         failing_since ${instant}, last_failure_at ${instant}, PRIMARY KEY (tenant, id)`,
      ),
      // The event comes first: what happens asks for those who want to hear of it.
      table(
        'webhook_event',
        `tenant ${text} NOT NULL, event ${text} NOT NULL, webhook ${text} NOT NULL,
         PRIMARY KEY (tenant, event, webhook)`,
      ),
      table(
        'webhook_delivery',
        `tenant ${text} NOT NULL, webhook ${text} NOT NULL, id ${text} NOT NULL, event ${text} NOT NULL,
         subject ${text} NOT NULL, data ${text} NOT NULL, created_at ${instant} NOT NULL, status ${text} NOT NULL,
         attempts ${integer} NOT NULL, claims ${integer} NOT NULL, next_attempt_at ${instant},
         last_attempt_at ${instant}, last_status ${integer}, last_error ${text}, last_answer ${text},
         PRIMARY KEY (tenant, webhook, id)`,
      ),
      `CREATE INDEX webhook_delivery_due ON webhook_delivery (tenant, webhook, next_attempt_at)
         WHERE next_attempt_at IS NOT NULL`,
      'CREATE INDEX webhook_delivery_by_webhook ON webhook_delivery (tenant, webhook, created_at DESC, id DESC)',
      'CREATE INDEX webhook_delivery_by_age ON webhook_delivery (created_at)',
    ]
  },
}
