export type { ArtifactStore, ExpiredArtifacts } from './artifact-store.ts'
export {
  consumeArtifactWrite,
  endSignInsWrite,
  keepArtifactWrite,
  removeArtifactWrite,
  removeExpiredArtifactsWrite,
  sqlArtifactStore,
  sqlExpiredArtifacts,
} from './artifact-store-sql.ts'
export type { CredentialStore } from './credential-store.ts'
export {
  addLinkWrite,
  forgetCredentials,
  forgetPerson,
  rehashWrite,
  signOutEverywhereWrite,
  sqlCredentialStore,
  useLinkWrite,
} from './credential-store-sql.ts'
export { pageErrors } from './page/page-errors.ts'
export { SIGN_IN_STYLE } from './page/sign-in-style.ts'
export { PasswordCheck } from './password-check.ts'
export { newPasswordLink, PasswordLinks } from './password-links.ts'
export { Providers } from './provider/providers.ts'
export { type SignInAdministration, signInAdministration } from './sign-in-administration.ts'
export type { SignInApplicationStore } from './sign-in-application-store.ts'
export { setApplicationSignInWrite, sqlSignInApplicationStore } from './sign-in-application-store-sql.ts'
export { signInClients } from './sign-in-client.ts'
export { type SignInService, signInService } from './sign-in-service.ts'
export { SignIns } from './sign-ins.ts'
export type { StaleThrottles, ThrottleStore } from './throttle-store.ts'
export {
  attemptWrite,
  FORGET_AFTER_MS,
  forgetThrottlesWrite,
  sqlStaleThrottles,
  sqlThrottleStore,
  succeedWrite,
} from './throttle-store-sql.ts'
export { type DeviceSignIn, userTokens } from './user-tokens.ts'
