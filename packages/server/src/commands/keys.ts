import { localOperator } from '../init/index.ts'
import type { SigningKeyPurpose } from '../signing-key/index.ts'
import { withLocalServer } from './open-local.ts'
import { type ServerCommand, UsageError } from './server-command.ts'

const PURPOSES: Readonly<Record<string, SigningKeyPurpose>> = {
  'rotate-tokens': 'token',
  'rotate-orders': 'order',
  'rotate-audit': 'audit',
}

export const keys: ServerCommand = {
  name: 'keys',
  summary: 'Replace the keys that sign tokens, orders or the audit',
  usage: `Usage: fleetsweep keys rotate-orders [options]   a new key for orders, announced by the one before
       fleetsweep keys rotate-audit [options]    a new key for the audit; what the old one signed stays verifiable
       fleetsweep keys rotate-tokens [options]   a new key for access tokens; the old one stays published
                                                 until the last token that it signed has ended

  --tenant <id>         tenant, by id or domain, where there is more than one
  --data <folder>       data directory
  --json                print JSON for programs

A running server takes the new key within seconds.`,
  options: { tenant: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean' } },
  async run(call) {
    const [verb = '', ...more] = call.args
    const purpose = PURPOSES[verb]
    if (purpose === undefined || more.length > 0) throw new UsageError('Say which keys to rotate.')
    return withLocalServer(call, async ({ tenant, signingKeys }) => {
      const keyId = await signingKeys.addKey(tenant.id, purpose, localOperator())
      call.io.out(
        call.flag('json') ? `${JSON.stringify({ keyId, purpose })}\n` : `New ${purpose} key ${keyId}.\n`,
      )
      return 0
    })
  },
}
