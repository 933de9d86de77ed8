export type { AccessClient } from './access-client.ts'
export * from './client-error.ts'
export * from './client-runtime.ts'
export * from './event-stream.ts'
export * from './fleetsweep-client.ts'
export {
  beginBrowserSignIn,
  finishBrowserSignIn,
  PendingSignIn,
  signOutUrl,
} from './sign-in/authorization-code.ts'
export { clientCredentials } from './sign-in/client-credentials.ts'
export { beginDeviceSignIn, type DeviceSignIn } from './sign-in/device-code.ts'
export { endSignIn } from './sign-in/end-sign-in.ts'
export type { SignInPlace } from './sign-in/oauth-call.ts'
export type { Person, SignedIn, SignInTokens } from './sign-in/person.ts'
export { refreshing, type SignInKeeper } from './sign-in/refreshing.ts'
export { readSignInInfo } from './sign-in/sign-in-info.ts'
export type { TokenSource } from './sign-in/token-source.ts'
export type { WebhookClient } from './webhook-client.ts'
export * from './wording/amounts.ts'
export * from './wording/safe-text.ts'
export * from './wording/scan-words.ts'
