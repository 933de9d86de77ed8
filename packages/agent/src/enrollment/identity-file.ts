import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder, setAside, writeDurably } from '../os/durable-file.ts'
import type { Host } from '../os/host.ts'
import { parseJson } from '../os/parse-json.ts'
import { type Identity, identityFileContent, type UnenrolledKey } from './identity.ts'

/** What the identity file of a state folder holds, and whether this machine may use it. */
export type StoredIdentity =
  | { kind: 'none' }
  | { kind: 'unenrolled'; key: UnenrolledKey }
  | { kind: 'enrolled'; identity: Identity }
  /** Made on another machine, such as the one that this one was cloned from. */
  | { kind: 'foreign' }
  /** Whether it belongs here cannot be told, or the file is damaged; `reason` says what to do. */
  | { kind: 'unusable'; reason: string }

export function identityPath(stateDir: string): string {
  return join(stateDir, 'identity.json')
}

/** Reads the identity of a state folder and compares it with the machine. */
export async function readIdentity(stateDir: string, host: Host): Promise<StoredIdentity> {
  const path = identityPath(stateDir)
  if (!existsSync(path)) return { kind: 'none' }
  const content = parseJson(readFileSync(path, 'utf8'))
  if (!identityFileContent.Check(content)) {
    return { kind: 'unusable', reason: `${path} is damaged. Move it away and enroll this machine again.` }
  }
  const here = await host.osIdentity(content.osIdentitySources)
  if (here === undefined) {
    return {
      kind: 'unusable',
      reason:
        `${path} belongs to an operating system that this user cannot tell from others ` +
        `(it reads ${content.osIdentitySources.join(' and ')}). Run the agent as the user who enrolled it.`,
    }
  }
  if (here.hash !== content.osIdentity) return { kind: 'foreign' }
  return content.kind === 'enrolled'
    ? { kind: 'enrolled', identity: content }
    : { kind: 'unenrolled', key: content }
}

/** Puts an identity on disk, readable by its owner only; it is durable when this returns. */
export function writeIdentity(stateDir: string, content: Identity | UnenrolledKey): void {
  makePrivateFolder(stateDir)
  writeDurably(identityPath(stateDir), `${JSON.stringify(content, null, 2)}\n`)
}

/**
 * Moves an identity that is not this machine's out of use.
 *
 * @returns where it is now
 */
export function setIdentityAside(stateDir: string): string {
  return setAside(identityPath(stateDir))
}
