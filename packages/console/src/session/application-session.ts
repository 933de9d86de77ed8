import { clientCredentials } from '@fleetsweep/client'
import { newSession, origin, type Session } from './session.ts'

export type ApplicationSignIn = { tenant: string; clientId: string; clientSecret: string }

/** Gets a first token, so that wrong credentials are told at once. @throws ClientError when there is none */
export async function signInAsApplication(signIn: ApplicationSignIn): Promise<Session> {
  const tokens = clientCredentials({ baseUrl: origin(), ...signIn })
  await tokens.get()
  return newSession({ kind: 'application', clientId: signIn.clientId }, tokens)
}
