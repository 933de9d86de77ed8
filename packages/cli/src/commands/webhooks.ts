import { safeText } from '@fleetsweep/client'
import {
  type ChangeWebhookBody,
  type CreatedWebhook,
  MAX_PREVIOUS_SECRET_HOURS,
  USUAL_PREVIOUS_SECRET_HOURS,
  WEBHOOK_EVENTS,
  type WebhookEvent,
} from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  type CommandValues,
  noArguments,
  onlyArgument,
  textOption,
  textsOption,
  UsageError,
  wholeOption,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { formatMoment } from '../render/moment.ts'
import { renderDeliveries, renderWebhook, renderWebhooks } from '../render/webhook.ts'
import { done, runVerb, show } from '../verbs.ts'

const USUAL_LIMIT = 50

export const webhooks: Command = {
  name: 'webhooks',
  args: `list | add <url> | show <id> | change <id> | rotate <id> | remove <id> | test <id>
       fleetsweep webhooks deliveries <id>
       fleetsweep webhooks redeliver <id> <delivery id>`,
  summary: 'Have other programs told of scans that end and of what they find',
  options: {
    event: {
      type: 'string',
      multiple: true,
      value: 'event',
      help: `add, change: what to tell; repeatable, all when not given to add. One of ${WEBHOOK_EVENTS.join(', ')}`,
    },
    description: { type: 'string', value: 'text', help: 'add, change: what it is for' },
    url: { type: 'string', value: 'address', help: 'change: where it goes' },
    enable: { type: 'boolean', help: 'change: tell it again, and send what waits for it' },
    disable: { type: 'boolean', help: 'change: tell it nothing' },
    'keep-hours': {
      type: 'string',
      value: 'n',
      help: `rotate: how long the secret of now stays good, at most ${MAX_PREVIOUS_SECRET_HOURS}; ${USUAL_PREVIOUS_SECRET_HOURS} when not given`,
    },
    limit: { type: 'string', value: 'n', help: `deliveries: at most so many; ${USUAL_LIMIT} when not given` },
  },
  run: (context) =>
    runVerb(
      {
        list: listWebhooks,
        add: addWebhook,
        show: showWebhook,
        change: changeWebhook,
        rotate: rotateSecret,
        remove: removeWebhook,
        test: testWebhook,
        deliveries: listDeliveries,
        redeliver,
      },
      context,
    ),
}

async function listWebhooks(context: CommandContext): Promise<number> {
  noArguments(context.args)
  const { io, client } = context
  return show(context, await collect(client.webhooks.list({ signal: io.signal })), renderWebhooks)
}

async function addWebhook(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const url = onlyArgument(args, 'address')
  const events = readEvents(options)
  const description = textOption(options, 'description')
  const body = {
    url,
    events: events.length === 0 ? [...WEBHOOK_EVENTS] : events,
    ...(description !== undefined && { description }),
  }
  return tellSecret(context, await client.webhooks.create(body, { signal: io.signal }))
}

async function showWebhook(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const webhook = await client.webhooks.get(onlyArgument(args, 'webhook id'), { signal: io.signal })
  return show(context, webhook, renderWebhook)
}

async function changeWebhook(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const id = onlyArgument(args, 'webhook id')
  const body = readChange(options)
  if (Object.keys(body).length === 0) {
    throw new UsageError('Say what to change, with --url, --event, --description, --enable or --disable.')
  }
  return show(context, await client.webhooks.change(id, body, { signal: io.signal }), renderWebhook)
}

async function rotateSecret(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const id = onlyArgument(args, 'webhook id')
  const hours = wholeOption(options, 'keep-hours', { min: 0, max: MAX_PREVIOUS_SECRET_HOURS })
  const body = hours === undefined ? {} : { previousValidHours: hours }
  return tellSecret(context, await client.webhooks.rotateSecret(id, body, { signal: io.signal }))
}

async function removeWebhook(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const id = onlyArgument(args, 'webhook id')
  await client.webhooks.delete(id, { signal: io.signal })
  return done(context, { id, removed: true }, `Removed: ${safeText(id)} is told nothing any more.`)
}

async function testWebhook(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const id = onlyArgument(args, 'webhook id')
  const sent = await client.webhooks.test(id, { signal: io.signal })
  if (!context.json) io.err(`How it went: fleetsweep webhooks deliveries ${safeText(id)}\n`)
  return show(context, sent, (delivery) => renderDeliveries([delivery]))
}

async function listDeliveries(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const id = onlyArgument(args, 'webhook id')
  const limit = wholeOption(options, 'limit', { min: 1, max: 10_000 }) ?? USUAL_LIMIT
  const deliveries = await collect(client.webhooks.listDeliveries(id, { signal: io.signal }), limit)
  return show(context, deliveries, renderDeliveries)
}

async function redeliver(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const [id, delivery, ...more] = args
  if (id === undefined || delivery === undefined) {
    throw new UsageError('Say which webhook, and which of its deliveries, by their ids.')
  }
  noArguments(more)
  const sent = await client.webhooks.redeliver(id, delivery, { signal: io.signal })
  return show(context, sent, (one) => renderDeliveries([one]))
}

function readChange(options: CommandValues): ChangeWebhookBody {
  const url = textOption(options, 'url')
  const description = textOption(options, 'description')
  const events = readEvents(options)
  const [enable, disable] = [options.enable === true, options.disable === true]
  if (enable && disable) throw new UsageError('--enable and --disable exclude each other.')
  return {
    ...(url !== undefined && { url }),
    ...(description !== undefined && { description }),
    ...(events.length > 0 && { events }),
    ...((enable || disable) && { enabled: enable }),
  }
}

function readEvents(options: CommandValues): WebhookEvent[] {
  return textsOption(options, 'event').map((text) => {
    const event = WEBHOOK_EVENTS.find((known) => known.toLowerCase() === text.toLowerCase())
    if (event !== undefined) return event
    throw new UsageError(`There is no event "${text}". There are ${WEBHOOK_EVENTS.join(', ')}.`)
  })
}

/** The secret alone on stdout, so that a script can take it; it is never shown again. */
function tellSecret(context: CommandContext, made: CreatedWebhook): number {
  const { io, json } = context
  if (json) return show(context, made, renderWebhook)
  io.err(`Webhook ${made.id}\n`)
  if (made.previousSecretUntil !== null) {
    io.err(`The secret before is good until ${formatMoment(made.previousSecretUntil)}.\n`)
  }
  io.err('Secret, shown this once:\n')
  io.out(`${safeText(made.secret)}\n`)
  return 0
}
