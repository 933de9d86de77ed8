import { ApplicationList } from '@fleetsweep/protocol'
import { CursorQuery, readCursorQuery } from '../../kit/http/index.ts'
import { operation } from '../../principal/index.ts'
import type { ApplicationService } from '../index.ts'
import { ADMINISTER } from './application-id.ts'

/** Applications, newest first. */
export const listApplications = operation({
  route: 'GET /fleet/v1/applications',
  summary: 'List applications',
  access: ADMINISTER,
  query: CursorQuery,
  answers: { 200: ApplicationList },
  handle: ({ query, principal }, { applications }: { applications: ApplicationService }) =>
    applications.list(principal.tenant, readCursorQuery(query)),
})
