import { readFileSync } from 'node:fs'

export type UserAccount = { name: string; uid: number; gid: number; home: string }

/** The local accounts, as /etc/passwd lists them; accounts from a directory service are not among them. */
export function listUserAccounts(passwdFile = '/etc/passwd'): UserAccount[] {
  return readFileSync(passwdFile, 'utf8').split('\n').flatMap(parseAccount)
}

function parseAccount(line: string): UserAccount[] {
  const [name, , uid, gid, , home] = line.split(':')
  if (name === undefined || home === undefined || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? ''))
    return []
  return [{ name, uid: Number(uid), gid: Number(gid), home }]
}
