import {
  type ApplicationId,
  type Clock,
  DEFENDER_PERMISSIONS,
  type Permission,
  type TenantId,
} from '@fleetsweep/protocol'
import { applicationService } from '../application/index.ts'
import { inProcessBus } from '../kit/bus.ts'
import type { Stores } from '../stores.ts'
import { localOperator } from './local-operator.ts'

/** An application that was made on the server itself; the secret is nowhere else. */
export type LocalApplication = {
  id: ApplicationId
  displayName: string
  secret: string
  secretExpiresAt: string | null
  permissions: readonly Permission[]
}

/** What such an application may do: everything that there is to do today. */
export const FIRST_APPLICATION_PERMISSIONS: readonly Permission[] = [
  ...DEFENDER_PERMISSIONS,
  'Fleet.Enroll',
  'Scan.Read.All',
  'Fleet.Admin',
  'Audit.Read.All',
]

/** Registers an application in the name of whoever runs the command; one that may administer the tenant, usually. */
export async function createLocalApplication(
  stores: Stores,
  tenant: TenantId,
  {
    displayName,
    permissions = FIRST_APPLICATION_PERMISSIONS,
  }: { displayName: string; permissions?: readonly Permission[] },
  parts: { clock: Clock; newId: () => string; randomBytes: (size: number) => Uint8Array },
): Promise<LocalApplication> {
  const applications = applicationService({
    ...parts,
    applicationsOf: (id) => stores.forTenant(id).applications,
    // A running server is another process: it notices by the security epoch.
    bus: inProcessBus(),
  })
  const wanted = { displayName, permissions: [...permissions], secret: {} }
  const { id, secret } = await applications.create(tenant, localOperator(), wanted)
  if (!secret) throw new Error('The application was made without a secret.')
  return {
    id: id as ApplicationId,
    displayName,
    secret: secret.secret,
    secretExpiresAt: secret.expiresAt,
    permissions,
  }
}
