import { AGENT_PACKAGES_PATH } from '@fleetsweep/protocol'
import { Answer, notFound } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { AgentPackages } from '../index.ts'

/** Sends the agent for one architecture. The script that fetches it knows its SHA-256. */
export const getAgentPackage = operation({
  route: `GET ${AGENT_PACKAGES_PATH}/:file`,
  summary: 'Get the agent for one architecture',
  access: { anonymous: 'a machine fetches it before it has an identity, and nothing in it is secret' },
  refusals: { ResourceNotFound: 'this server has no agent of this name' },
  answers: { 200: 'application/gzip' },
  handle: ({ params }, { agentPackages }: { agentPackages: AgentPackages }) => {
    const archive = agentPackages.openArchive(params.file)
    if (archive === undefined) throw notFound(`The agent ${params.file}`)
    return new Answer(200, archive.content, { 'content-length': String(archive.sizeBytes) })
  },
})
