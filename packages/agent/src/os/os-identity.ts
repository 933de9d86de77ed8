import { createHash } from 'node:crypto'
import { OS_IDENTITY_SOURCES, type OsIdentity, type OsIdentitySource } from './host.ts'

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
  const sources = wanted ? [...wanted] : OS_IDENTITY_SOURCES.filter((source) => texts[source] !== undefined)
  const values = sources.map((source) => texts[source])
  if (sources.length === 0 || values.includes(undefined)) return undefined
  const hash = createHash('sha256')
  hash.update(JSON.stringify(['fleetsweep/os-identity', sources, values, instance ?? null]))
  return { hash: hash.digest('hex'), sources }
}
