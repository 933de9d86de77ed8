export {
  type AddCertificateBody,
  type Alert,
  type AlertChange,
  type Application,
  type ApplicationCertificate,
  type ApplicationSignIn,
  type AuditVerification,
  type CallLimits,
  type ChangeApplicationBody,
  type ChangeDeviceGroupBody,
  type ChangeRoleBody,
  type ChangeUserBody,
  type ChangeUserGroupBody,
  type Coverage,
  type CreateApplicationBody,
  type CreateDeviceGroupBody,
  type CreatedApplication,
  type CreatedEnrollmentToken,
  type CreatedSecret,
  type CreateEnrollmentTokenBody,
  type CreateRoleBody,
  type CreateSecretBody,
  type CreateUserBody,
  type CreateUserGroupBody,
  type DeviceAvInfo,
  type DeviceGroup,
  type DeviceGroupPreview,
  type DeviceGroupRules,
  type DeviceValue,
  type EngineInfo,
  type EnrollmentToken,
  type ErrorCode,
  type FilePath,
  type FleetAuditEntry,
  type FleetDetection,
  type FleetEvent,
  isFinal,
  type Machine,
  type MachineAction,
  type MachineActionStatus,
  type MachineEngine,
  type MachineTask,
  type Me,
  NOT_SCANNED_REASONS,
  NOT_SCANNED_WORDS,
  type NotedHead,
  type NotScannedReason,
  type ODataFilter,
  type PasswordLink,
  type QuarantinedFile,
  type QuarantineState,
  type RequestedTask,
  type Role,
  type Scan,
  type ScanProgress,
  type ScanReport,
  type ScanType,
  type SignInInfo,
  type TagAction,
  type Tally,
  type TaskVerb,
  type UpdateMachineBody,
  type User,
  type UserGroup,
} from '@fleetsweep/protocol'
export type { AccessClient } from './access-client.ts'
export type { ApplicationClient } from './application-client.ts'
export * from './client-error.ts'
export { type ClientRuntime, type Fetch, type FetchInit, pause, platformRuntime } from './client-runtime.ts'
export type { WatchedEvent } from './event-stream.ts'
export * from './fleetsweep-client.ts'
export { odata } from './odata.ts'
export {
  beginBrowserSignIn,
  finishBrowserSignIn,
  type PendingSignIn,
  readPendingSignIn,
  signOutUrl,
} from './sign-in/authorization-code.ts'
export type { ClientCertificate } from './sign-in/client-assertion.ts'
export { type ClientCredentials, clientCredentials } from './sign-in/client-credentials.ts'
export { beginDeviceSignIn, type DeviceSignIn } from './sign-in/device-code.ts'
export { endSignIn } from './sign-in/end-sign-in.ts'
export type { SignInPlace } from './sign-in/oauth-call.ts'
export type { Person, SignedIn, SignInTokens } from './sign-in/person.ts'
export { refreshing, type SignInKeeper } from './sign-in/refreshing.ts'
export { readSignInInfo } from './sign-in/sign-in-info.ts'
export { type TokenCredential, tokensFrom } from './sign-in/token-credential.ts'
export type { TokenSource } from './sign-in/token-source.ts'
export type { WebhookClient } from './webhook-client.ts'
export * from './wording/amounts.ts'
export * from './wording/engine-words.ts'
export * from './wording/safe-text.ts'
export * from './wording/scan-words.ts'
export * from './wording/settings-words.ts'
