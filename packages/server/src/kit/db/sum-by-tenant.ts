import type { TenantId } from '@fleetsweep/protocol'

/**
 * Does the same to rows of many tenants: one write for each tenant, because a write is of one.
 *
 * @returns the sum of what the writes count
 */
export async function sumByTenant<Row extends { tenant: string }>(
  rows: readonly Row[],
  write: (tenant: TenantId, rows: readonly Row[]) => Promise<number>,
): Promise<number> {
  const counts = await Promise.all(
    [...Map.groupBy(rows, ({ tenant }) => tenant)].map(([tenant, own]) => write(tenant as TenantId, own)),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}
