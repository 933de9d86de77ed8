import manifest from '../../package.json' with { type: 'json' }
import type { TenantService } from '../tenant/index.ts'
import { describeApi } from './describe-api.ts'
import type { NamedOperation } from './describe-operation.ts'

/** Stands in addresses for a tenant that only the reader knows. */
const SOME_TENANT = '{tenant}'

/** The description of both APIs, as JSON. */
export interface ApiDescriptionService {
  /** @param origin the listed public origin that the caller used: its addresses begin with it */
  describe(origin: string): Promise<string>
}

export function apiDescriptionService(parts: {
  operations: readonly NamedOperation[]
  tenants: TenantService
}): ApiDescriptionService {
  const { operations, tenants } = parts
  // An origin is one of a short list, and a server has one tenant or names none.
  const written = new Map<string, string>()
  return {
    async describe(origin) {
      const tenant = (await tenants.signInInfo()).tenant?.id ?? SOME_TENANT
      const key = `${origin}/${tenant}`
      const known = written.get(key)
      if (known !== undefined) return known
      const text = JSON.stringify(describeApi(operations, { origin, tenant, version: manifest.version }))
      written.set(key, text)
      return text
    },
  }
}
