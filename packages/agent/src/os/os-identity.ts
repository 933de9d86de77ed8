import { createHash } from 'node:crypto'
import type { OsIdentity, OsIdentitySource } from './host.ts'

/** What systems were given to be told apart by; all of them that can be read count together. */
const GIVEN: readonly OsIdentitySource[] = ['machineId', 'productUuid', 'platformUuid']
/** What else tells systems apart: minimal ones and containers were given nothing. The first that there is counts. */
const OTHERWISE: readonly OsIdentitySource[] = ['networkAddress', 'hostName']

export type OsIdentityTexts = Partial<Record<OsIdentitySource, string | undefined>>

/**
 * Hashes what identifies an operating system, so that the server never learns the texts themselves.
 *
 * `instance` keeps agents apart that share one machine. It only ever adds to what is hashed: whoever sets it can make
 * one machine look like several, never a copy look like its original.
 */
export function hashOsIdentity(
  texts: OsIdentityTexts,
  instance: string | undefined,
  wanted?: readonly OsIdentitySource[],
): OsIdentity | undefined {
  const sources = wanted ? [...wanted] : readable(texts)
  const values = sources.map((source) => texts[source])
  if (sources.length === 0 || values.includes(undefined)) return undefined
  const hash = createHash('sha256')
  hash.update(JSON.stringify(['fleetsweep/os-identity', sources, values, instance ?? null]))
  return { hash: hash.digest('hex'), sources }
}

function readable(texts: OsIdentityTexts): OsIdentitySource[] {
  const isThere = (source: OsIdentitySource) => texts[source] !== undefined
  const given = GIVEN.filter(isThere)
  return given.length > 0 ? given : OTHERWISE.filter(isThere).slice(0, 1)
}
