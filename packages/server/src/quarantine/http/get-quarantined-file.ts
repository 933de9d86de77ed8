import { QuarantinedFile } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import { type QuarantineService, showQuarantinedFile } from '../index.ts'

export const getQuarantinedFile = operation({
  route: 'GET /fleet/v1/quarantine/:quarantineId',
  summary: 'Get a file in quarantine',
  access: { permission: ['Scan.Read.All'], role: ['Scan.Read.All'], reach: 'machine' },
  answers: { 200: QuarantinedFile },
  handle: async ({ params, principal }, { quarantine }: { quarantine: QuarantineService }) =>
    showQuarantinedFile(await quarantine.getFile(principal, params.quarantineId)),
})
