import type { Clock, TenantId } from '@fleetsweep/protocol'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Logger } from 'pino'
import { deriveKey, type SealingKey, type SigningKeys } from '../../signing-key/index.ts'
import type { UserStore } from '../../user/index.ts'
import type { ArtifactStore } from '../artifact-store.ts'
import type { ListedOrigins } from '../listed-origins.ts'
import { problemPage } from '../page/pages.ts'
import type { PasswordCheck } from '../password-check.ts'
import type { SignInClients } from '../sign-in-client.ts'
import type { SignIns } from '../sign-ins.ts'
import { createProvider } from './create-provider.ts'
import { deviceSteps } from './device-steps.ts'
import { callOf } from './forwarded-call.ts'
import { show } from './provider-pages.ts'
import { revocationSteps } from './revocation-steps.ts'
import { signInSteps } from './sign-in-steps.ts'
import { signOutSteps } from './sign-out-steps.ts'
import { tokenSteps } from './token-steps.ts'

export type ProviderDependencies = {
  artifactsOf: (tenant: TenantId) => ArtifactStore
  usersOf: (tenant: TenantId) => Pick<UserStore, 'find'>
  clients: SignInClients
  signIns: SignIns
  passwords: PasswordCheck
  signingKeys: Pick<SigningKeys, 'tokenKeys'>
  origins: ListedOrigins
  sealingKey: SealingKey
  clock: Clock
  logger: Logger
  newId: () => string
}

/** Makes the provider of one tenant at one origin, with the steps that are our own. */
export function assembleProvider(
  dependencies: ProviderDependencies,
  { tenant, origin }: { tenant: TenantId; origin: string },
): Provider {
  const { artifactsOf, usersOf, logger, sealingKey } = dependencies
  const users = usersOf(tenant)
  const parts = { ...dependencies, tenant, origin, users, artifacts: artifactsOf(tenant) }
  const provider = createProvider(parts)
  listen(provider, logger)
  provider.use(signInSteps(provider, parts))
  provider.use(deviceSteps(provider))
  provider.use(signOutSteps(provider, { ...parts, key: deriveKey(sealingKey, 'sign-out forms') }))
  provider.use(revocationSteps(provider, parts))
  provider.use(tokenSteps(parts))
  return provider
}

/** Failures go to the log; refusals are remembered for whoever forwarded the call. */
function listen(provider: Provider, logger: Logger): void {
  const remember = ({ req }: KoaContextWithOIDC, refusal: errors.OIDCProviderError): void => {
    const { error, error_description: description = '', error_detail: detail = '' } = refusal
    callOf(req).refusal = { error, description, detail }
  }
  provider.on('grant.error', remember)
  provider.on('device_authorization.error', remember)
  provider.on('server_error', (_, err) => logger.error({ err }, 'a step of a sign-in failed'))
  provider.use(async (ctx, next) => {
    try {
      await next()
    } catch (err) {
      logger.error({ err }, 'a step of a sign-in failed')
      ctx.status = 500
      show(ctx, problemPage('Something went wrong', 'Go back to the program and try again.'))
    }
  })
}
