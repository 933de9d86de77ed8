import { SignInInfo } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { TenantService } from '../tenant-service.ts'

export const getSignInInfo = operation({
  route: 'GET /fleet/v1/signIn',
  summary: 'Find out where to sign in',
  access: { anonymous: 'console and CLI ask where to sign in before anybody has' },
  callClass: 'discovery',
  answers: { 200: SignInInfo },
  handle: (_, { tenants }: { tenants: TenantService }) => tenants.signInInfo(),
})
