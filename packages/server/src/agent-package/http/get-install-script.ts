import { INSTALL_SCRIPT_PATH } from '@fleetsweep/protocol'
import { ApiError } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { AgentPackages } from '../index.ts'

/** Shows the script that installs the agent from the very origin that the caller used. */
export const getInstallScript = operation({
  route: `GET ${INSTALL_SCRIPT_PATH}`,
  summary: 'Get the script that installs the agent',
  access: { anonymous: 'a machine fetches it before it has an identity, and nothing in it is secret' },
  refusals: { ResourceNotFound: 'this server was built without the agent' },
  answers: { 200: 'text/x-shellscript; charset=utf-8' },
  handle: ({ origin }, { agentPackages }: { agentPackages: AgentPackages }) => {
    const script = agentPackages.installScript(origin)
    if (script === undefined) {
      const message = 'This server has no agent to install. Run `npm run build` there, and start it again.'
      throw new ApiError('ResourceNotFound', message)
    }
    return script
  },
})
