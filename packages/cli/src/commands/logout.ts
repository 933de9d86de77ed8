import { ClientError, endSignIn, safeText } from '@fleetsweep/client'
import { type LocalCommand, noArguments } from '../command.ts'
import { placeOf } from '../sign-in/kept-sign-in.ts'
import { SignInFile } from '../sign-in/sign-in-file.ts'

export const logout: LocalCommand = {
  name: 'logout',
  args: '',
  summary: 'End your sign-in, here and at the server',
  options: {},
  async runLocally({ io, args, json }) {
    noArguments(args)
    const file = new SignInFile(io)
    return file.alone(async () => {
      const kept = await file.readToEnd()
      // Gone from here first: whatever the server says, nobody finds it here any more.
      await file.remove()
      if (json) io.out(`${JSON.stringify({ signedOut: kept !== undefined })}\n`)
      if (!kept) {
        io.err('Nobody is signed in.\n')
        return 0
      }
      if (kept.ca !== null) io.trust(kept.ca)
      try {
        if (kept.refreshToken !== null) {
          await endSignIn(placeOf(kept), kept.refreshToken, { signal: io.signal }, io.runtime)
        }
      } catch (error) {
        if (!(error instanceof ClientError)) throw error
        io.err(
          `Signed out here, but the server could not be told: ${safeText(error.message)}\nA copy of the sign-in would go on there until it runs out or an administrator ends it.\n`,
        )
        return 1
      }
      io.err(`Signed out: ${safeText(kept.userPrincipalName)} at ${safeText(kept.url)}.\n`)
      return 0
    })
  },
}
