import { createLocalApplication } from '../init/index.ts'
import { systemClock } from '../kit/clock.ts'
import { withLocalServer } from './open-local.ts'
import { type ServerCommand, UsageError } from './server-command.ts'

export const recoverApplication: ServerCommand = {
  name: 'recover-application',
  summary: 'Register an administering application when nobody can any more',
  usage: `Usage: fleetsweep recover-application [options]

  --name <name>         display name; Recovery
  --tenant <id>         tenant, by id or domain, where there is more than one
  --data <folder>       data directory
  --json                print JSON for programs

Works on the data directory, for whoever may read it, whether the server runs or not. Register others with it
(fleetsweep applications create), then delete it.`,
  options: {
    name: { type: 'string' },
    tenant: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean' },
  },
  async run(call) {
    if (call.args[0] !== undefined) throw new UsageError(`"${call.args[0]}" is not expected here.`)
    return withLocalServer(call, async ({ stores, tenant, newId, randomBytes }) => {
      const parts = { clock: systemClock, newId, randomBytes }
      const made = await createLocalApplication(
        stores,
        tenant.id,
        { displayName: call.text('name') ?? 'Recovery' },
        parts,
      )
      call.io.out(
        call.flag('json')
          ? `${JSON.stringify({ tenant: tenant.id, ...made })}\n`
          : `Tenant id        ${tenant.id} (${tenant.domain})
Application id   ${made.id}
Secret           ${made.secret}
Permissions      ${made.permissions.join(', ')}

The secret is shown this once.
`,
      )
      return 0
    })
  },
}
