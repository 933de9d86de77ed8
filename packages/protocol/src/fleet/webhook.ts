import { type Static, Type } from 'typebox'
import { MACHINE_ACTION_STATUSES, SCAN_TYPES } from '../api/machine-action.ts'
import { Guid } from '../ids.ts'

const Moment = Type.String()
const NullableText = Type.Union([Type.String(), Type.Null()])
const NullableMoment = NullableText

/** What a webhook may ask to be told. */
export const WEBHOOK_EVENTS = ['machineAction.ended', 'detection.found'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** Sent when somebody tries a webhook, whatever it asks to be told. */
export const WEBHOOK_TEST = 'webhook.test'

const DeliveredEvent = Type.Enum([...WEBHOOK_EVENTS, WEBHOOK_TEST])
export type DeliveredEvent = Static<typeof DeliveredEvent>

/** Most webhooks that a tenant may have. */
export const MAX_WEBHOOKS = 20

/** How long the secret before stays good beside a new one, when nobody says otherwise and at most. */
export const USUAL_PREVIOUS_SECRET_HOURS = 24
export const MAX_PREVIOUS_SECRET_HOURS = 168

const WebhookUrl = Type.String({ minLength: 1, maxLength: 2_000 })
const Description = Type.String({ maxLength: 400 })
const Events = Type.Array(Type.Enum([...WEBHOOK_EVENTS]), {
  minItems: 1,
  maxItems: WEBHOOK_EVENTS.length,
  uniqueItems: true,
})

/** `byAdministrator`: switched off; `gone`: its receiver answered 410; `failing`: it failed for five days on end. */
export const WEBHOOK_DISABLED_REASONS = ['byAdministrator', 'gone', 'failing'] as const
export type WebhookDisabledReason = (typeof WEBHOOK_DISABLED_REASONS)[number]

/** An address that is told of what happens in the tenant. */
export const Webhook = Type.Object({
  id: Guid,
  url: Type.String(),
  description: Type.String(),
  events: Events,
  createdAt: Moment,
  disabledAt: Type.Union([Type.String(), Type.Null()], { description: 'Null while it is told of events.' }),
  disabledReason: Type.Union([Type.Enum(WEBHOOK_DISABLED_REASONS), Type.Null()]),
  failingSince: Type.Union([Type.String(), Type.Null()], {
    description: 'Since when every attempt has failed; null while the last one succeeded.',
  }),
  previousSecretUntil: Type.Union([Type.String(), Type.Null()], {
    description:
      'Until when the secret before the present one signs, too; null when only the present one does.',
  }),
})
export type Webhook = Static<typeof Webhook>

export const WebhookList = Type.Object({ items: Type.Array(Webhook), nextCursor: NullableText })

/** Body of `POST /fleet/v1/webhooks`. */
export const CreateWebhookBody = Type.Object({
  url: WebhookUrl,
  events: Events,
  description: Type.Optional(Description),
})
export type CreateWebhookBody = Static<typeof CreateWebhookBody>

/** Answer to the creation: the only time that the secret itself is shown. */
export const CreatedWebhook = Type.Intersect([Webhook, Type.Object({ secret: Type.String() })])
export type CreatedWebhook = Static<typeof CreatedWebhook>

/** Body of `PATCH /fleet/v1/webhooks/{id}`: what is absent stays as it is. */
export const ChangeWebhookBody = Type.Object({
  url: Type.Optional(WebhookUrl),
  events: Type.Optional(Events),
  description: Type.Optional(Description),
  enabled: Type.Optional(Type.Boolean()),
})
export type ChangeWebhookBody = Static<typeof ChangeWebhookBody>

/** Body of `POST /fleet/v1/webhooks/{id}/secret`. */
export const RotateWebhookSecretBody = Type.Object({
  previousValidHours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_PREVIOUS_SECRET_HOURS,
      description:
        'How long the present secret signs beside the new one; 24 when absent, 0 to make it worthless at once.',
    }),
  ),
})
export type RotateWebhookSecretBody = Static<typeof RotateWebhookSecretBody>

export const WEBHOOK_DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const
export type WebhookDeliveryStatus = (typeof WEBHOOK_DELIVERY_STATUSES)[number]

/** One message to one webhook, and how far it has come. */
export const WebhookDelivery = Type.Object({
  id: Type.String({ description: 'The `webhook-id` of every attempt.' }),
  event: DeliveredEvent,
  subject: Type.String({
    description: 'Id of the machine action or detection that it tells of; of a test its own.',
  }),
  status: Type.Enum(WEBHOOK_DELIVERY_STATUSES),
  createdAt: Moment,
  attempts: Type.Integer({ minimum: 0 }),
  nextAttemptAt: Type.Union([Type.String(), Type.Null()], {
    description: 'Null when it is over, and while the webhook is disabled.',
  }),
  lastAttemptAt: NullableMoment,
  lastStatus: Type.Union([Type.Integer(), Type.Null()], {
    description: 'HTTP status of the last answer; null when there was none.',
  }),
  lastError: Type.Union([Type.String(), Type.Null()], {
    description: 'Why the last attempt failed, in one sentence.',
  }),
  lastAnswer: Type.Union([Type.String(), Type.Null()], {
    description: "The first bytes of the last answer's body.",
  }),
})
export type WebhookDelivery = Static<typeof WebhookDelivery>

export const WebhookDeliveryList = Type.Object({
  items: Type.Array(WebhookDelivery),
  nextCursor: NullableText,
})

/** `data` of `machineAction.ended`. */
export const MachineActionEnded = Type.Object({
  actionId: Type.String(),
  type: Type.String(),
  status: Type.Enum(MACHINE_ACTION_STATUSES),
  scanType: Type.Enum(SCAN_TYPES),
  machineId: Type.String(),
  computerDnsName: Type.String({ description: 'As it was when the action was asked for.' }),
  requestor: Type.String(),
  externalId: NullableText,
  requestedAt: Moment,
  endedAt: Moment,
  conclusion: Type.Union(
    [
      Type.Object({
        word: Type.Union([Type.Literal('clean'), Type.Literal('nothingFound'), Type.Literal('threatsFound')]),
        sentence: Type.String(),
      }),
      Type.Null(),
    ],
    { description: 'What may be said of the scan; null unless it succeeded.' },
  ),
  troubleshootInfo: Type.Union([Type.String(), Type.Null()], {
    description: 'As in the machine action: the conclusion or the reason, and where to read more.',
  }),
})
export type MachineActionEnded = Static<typeof MachineActionEnded>

/** `data` of `detection.found`. */
export const DetectionFound = Type.Object({
  detectionId: Type.String(),
  /** Of the Defender API; it gathers the detections of one threat on one machine. */
  alertId: Type.String(),
  actionId: Type.String(),
  machineId: Type.String(),
  computerDnsName: Type.String(),
  detectedAt: Moment,
  threatName: Type.String(),
  path: Type.String({ description: 'Safe to show anywhere: what is not plain text in it is escaped.' }),
  innerPath: NullableText,
  sha256: NullableText,
  sizeBytes: Type.Integer({ minimum: 0 }),
  disposition: Type.Union([Type.Literal('reported'), Type.Literal('quarantined')]),
})
export type DetectionFound = Static<typeof DetectionFound>

/** Page of the scan in the console, under the server's first public origin. */
const Linked = Type.Object({ url: Type.String() })

/** The body of a webhook call. Receivers must ignore members that they do not know. */
export const WebhookMessage = Type.Union([
  Type.Object({
    type: Type.Literal('machineAction.ended'),
    timestamp: Moment,
    data: Type.Intersect([MachineActionEnded, Linked]),
  }),
  Type.Object({
    type: Type.Literal('detection.found'),
    timestamp: Moment,
    data: Type.Intersect([DetectionFound, Linked]),
  }),
  Type.Object({
    type: Type.Literal(WEBHOOK_TEST),
    timestamp: Moment,
    data: Type.Object({ webhookId: Type.String() }),
  }),
])
export type WebhookMessage = Static<typeof WebhookMessage>
