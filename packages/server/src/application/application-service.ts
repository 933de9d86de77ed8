import type { ApplicationId, Permission, TenantId } from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import { newApplicationSecret } from './application-secret.ts'
import type { ApplicationStore, StoredApplication } from './application-store.ts'

/** Calls a minute and an hour; null where the usual limit holds. */
export type CallLimits = StoredApplication['limits']

/** Registers applications and says how much they may call. */
export type ApplicationService = {
  /**
   * Registers an application.
   *
   * @returns its id and its secret, which is kept only as a hash and can never be shown again
   */
  create(
    tenant: TenantId,
    by: AuditPrincipal,
    application: { displayName: string; permissions: readonly Permission[] },
  ): Promise<{ id: ApplicationId; secret: string }>

  /** Sets or (null) lifts the overrides of the rate limits. `undefined` when there is no such application. */
  setLimits(
    tenant: TenantId,
    by: AuditPrincipal,
    id: ApplicationId,
    limits: CallLimits,
  ): Promise<CallLimits | undefined>
}

export function applicationService(parts: {
  applicationsOf: (tenant: TenantId) => ApplicationStore
  newId: () => string
  randomBytes: (size: number) => Uint8Array
}): ApplicationService {
  const { applicationsOf, newId } = parts
  return {
    async create(tenant, by, { displayName, permissions }) {
      const id = newId() as ApplicationId
      const { text, ...kept } = newApplicationSecret(parts.randomBytes)
      await applicationsOf(tenant).create({
        id,
        displayName,
        permissions,
        secret: { id: newId(), ...kept, lifeMs: null },
        audit: {
          id: newId(),
          principal: by,
          operation: 'application.create',
          target: id,
          detail: { displayName, permissions },
        },
      })
      return { id, secret: text }
    },
    async setLimits(tenant, by, id, limits) {
      const known = await applicationsOf(tenant).setLimits(id, limits, {
        id: newId(),
        principal: by,
        operation: 'application.setLimits',
        target: id,
        detail: limits,
      })
      return known ? limits : undefined
    },
  }
}
