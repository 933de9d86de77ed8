import type { Instant, TenantId } from '@fleetsweep/protocol'

/** Stands for none, where something belongs to the server itself: commands and keys name a tenant all the same. */
export const NO_TENANT = '00000000-0000-0000-0000-000000000000' as TenantId

/** A customer of this server. */
export type StoredTenant = {
  id: TenantId
  /** Its other name in paths, such as `contoso.example`; lower case. */
  domain: string
  displayName: string
  createdAt: Instant
}

/** What belongs to the server and not to one tenant. */
export interface TenantStore {
  /** `exists`: a tenant of that id or domain is there already, and nothing changed. */
  create(tenant: Omit<StoredTenant, 'createdAt'>): Promise<'created' | 'exists'>

  /** By GUID or domain, in any case. */
  find(idOrDomain: string): Promise<StoredTenant | undefined>

  list(): Promise<StoredTenant[]>

  /** A number that every change of who may do what in the tenant raises; 0 for a tenant that is not there. */
  securityEpoch(tenant: TenantId): Promise<number>

  /** The id that this server keeps for ever; `newId` becomes it at the first call. */
  serverId(newId: string): Promise<string>
}

/** First segments of paths that the server uses itself: never a tenant's domain. */
export const RESERVED_NAMES: readonly string[] = [
  'api',
  'fleet',
  'common',
  'organizations',
  'consumers',
  'assets',
  'agent',
  'console',
  'oauth2',
  'health',
  'metrics',
]
