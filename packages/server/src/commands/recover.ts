import { linkForAdministrator } from '../init/index.ts'
import { systemClock } from '../kit/clock.ts'
import { loadServerTls, originsOf } from '../tls/index.ts'
import { withLocalServer } from './open-local.ts'
import { type ServerCommand, UsageError } from './server-command.ts'

export const recover: ServerCommand = {
  name: 'recover',
  summary: 'Let an administrator in again who is locked out, or a new one',
  usage: `Usage: fleetsweep recover [<user name>] [options]

  <user name>           who is to be an administrator, such as ada@contoso.example; the first one when not given
  --tenant <id>         tenant, by id or domain, where there is more than one
  --data <folder>       data directory
  --json                print JSON for programs

Prints a one-time link on which they choose a password. Works on the data directory, for whoever may read it, whether
the server runs or not. An account that was disabled is enabled again; using the link ends all its sign-ins.`,
  options: { tenant: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean' } },
  async run(call) {
    const [named, ...more] = call.args
    if (more[0] !== undefined) throw new UsageError(`"${more[0]}" is not expected here.`)
    return withLocalServer(call, async ({ stores, tenant, config, newId, randomBytes }) => {
      const tls = await loadServerTls(config, systemClock.now())
      const [origin = ''] = originsOf(config, tls, config.listen.port)
      const link = await linkForAdministrator(
        stores,
        { tenant: tenant.id, origin },
        named ?? `admin@${tenant.domain}`,
        { clock: systemClock, newId, randomBytes },
      )
      call.io.out(
        call.flag('json')
          ? `${JSON.stringify(link)}\n`
          : `${link.userPrincipalName} is an administrator. Open this link within three days to choose a password:

  ${link.url}

It is shown this once, and works once.
`,
      )
      return 0
    })
  },
}
