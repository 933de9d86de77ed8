import type { SignInInfo } from '@fleetsweep/protocol'
import type { TenantStore } from './tenant-store.ts'

/** What programs may know of tenants before anybody has signed in. */
export interface TenantService {
  /** Names the tenant only where there is one: who the customers of a server are is nobody's business. */
  signInInfo(): Promise<SignInInfo>
}

export function tenantService({ tenants }: { tenants: Pick<TenantStore, 'list'> }): TenantService {
  return {
    async signInInfo() {
      const [only, ...others] = await tenants.list()
      return { tenant: only && others.length === 0 ? { id: only.id, domain: only.domain } : null }
    },
  }
}
