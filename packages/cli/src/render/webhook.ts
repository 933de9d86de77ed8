import { safeText } from '@fleetsweep/client'
import type { Webhook, WebhookDelivery, WebhookDisabledReason } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

const WHY_DISABLED: Readonly<Record<WebhookDisabledReason, string>> = {
  byAdministrator: 'disabled',
  gone: 'disabled: its receiver is gone',
  failing: 'disabled: it failed for days',
}

/** One line for each webhook. */
export function renderWebhooks(webhooks: readonly Webhook[]): string {
  return renderTable(
    ['Webhook', 'Address', 'Events', 'State', 'Description'].map((title) => ({ title })),
    webhooks.map((webhook) => [
      webhook.id,
      webhook.url,
      webhook.events.join(', '),
      stateOf(webhook),
      webhook.description,
    ]),
  )
}

/** All that is known of one webhook. */
export function renderWebhook(webhook: Webhook): string {
  return [
    `Webhook        ${webhook.id}\n`,
    `Address        ${safeText(webhook.url)}\n`,
    `Events         ${webhook.events.join(', ')}\n`,
    `Description    ${safeText(webhook.description) || '–'}\n`,
    `Created        ${formatMoment(webhook.createdAt)}\n`,
    `State          ${stateOf(webhook)}\n`,
    `Secret before  ${webhook.previousSecretUntil === null ? '–' : `until ${formatMoment(webhook.previousSecretUntil)}`}\n`,
  ].join('')
}

/** One line for each delivery. */
export function renderDeliveries(deliveries: readonly WebhookDelivery[]): string {
  return renderTable(
    [
      { title: 'Delivery' },
      { title: 'Event' },
      { title: 'Created' },
      { title: 'Status' },
      { title: 'Attempts', align: 'right' },
      { title: 'Next attempt' },
      { title: 'Last attempt' },
    ],
    deliveries.map((one) => [
      one.id,
      one.event,
      formatMoment(one.createdAt),
      one.status,
      String(one.attempts),
      formatMoment(one.nextAttemptAt),
      one.lastError ?? (one.lastStatus === null ? '–' : String(one.lastStatus)),
    ]),
  )
}

function stateOf({ disabledReason, failingSince }: Webhook): string {
  if (disabledReason !== null) return WHY_DISABLED[disabledReason]
  return failingSince === null ? 'enabled' : `failing since ${formatMoment(failingSince)}`
}
