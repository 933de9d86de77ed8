import { userInfo } from 'node:os'

/** Whoever calls this program, such as "root (sudo by alice)"; their own word, for the log of this machine. */
export function whoAsks(): string {
  const sudoUser = process.env.SUDO_USER
  const user = userName()
  const text = sudoUser === undefined || sudoUser === user ? user : `${user} (sudo by ${sudoUser})`
  return text.slice(0, 200)
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry in the system's list, as in containers.
    return String(process.getuid?.() ?? 'unknown')
  }
}
