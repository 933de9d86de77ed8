import { describeVerification, readNotedHead } from '@fleetsweep/protocol'
import { auditService } from '../audit/index.ts'
import { systemClock } from '../kit/clock.ts'
import { withLocalServer } from './open-local.ts'
import { type ServerCommand, UsageError } from './server-command.ts'

export const verifyAudit: ServerCommand = {
  name: 'verify-audit',
  summary: 'Check the audit of a data directory, also where no server runs',
  usage: `Usage: fleetsweep verify-audit [options]

  --head <position:hash>  a head that you wrote down earlier: it must still be part of the chain
  --tenant <id>           tenant, by id or domain, where there is more than one
  --data <folder>         data directory
  --json                  print JSON for programs

Ends with 1 when the chain is broken. To ask a server: fleetsweep audit verify`,
  options: {
    head: { type: 'string' },
    tenant: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean' },
  },
  async run(call) {
    if (call.args[0] !== undefined) throw new UsageError(`"${call.args[0]}" is not expected here.`)
    const text = call.text('head')
    const noted = text === undefined ? undefined : readNotedHead(text)
    if (text !== undefined && !noted) {
      throw new UsageError(`--head takes position:hash as this command prints it, not "${text}".`)
    }
    return withLocalServer(call, async ({ stores, tenant, signingKeys }) => {
      const auditOf = () => stores.forTenant(tenant.id).audit
      const verification = await auditService({ auditOf, signingKeys, clock: systemClock }).verify(
        tenant.id,
        noted,
      )
      call.io.out(
        call.flag('json') ? `${JSON.stringify(verification)}\n` : describeVerification(verification),
      )
      return verification.isIntact ? 0 : 1
    })
  },
}
