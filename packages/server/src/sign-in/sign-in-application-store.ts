import type { ApplicationId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'

/** How people may sign in with a registered application. */
export type ApplicationSignIn = {
  isPublic: boolean
  redirectUris: readonly string[]
  scopes: readonly string[]
}

/** Registered applications of one tenant that people may sign in with. */
export interface SignInApplicationStore {
  find(application: ApplicationId): Promise<ApplicationSignIn | undefined>

  /** `false` when there is no such application. */
  set(application: ApplicationId, signIn: ApplicationSignIn, audit: AuditEntry): Promise<boolean>
}
