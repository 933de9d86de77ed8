import {
  type ApplicationId,
  type ApplicationSignIn,
  isGuid,
  type PasswordLink,
  PERMISSIONS,
  permissionOfScope,
  scopeOf,
  type TenantId,
  type UserId,
} from '@fleetsweep/protocol'
import type { ApplicationStore } from '../application/index.ts'
import type { AuditPrincipal } from '../audit/index.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { type AccessChangeParts, accessChange } from '../tenant/index.ts'
import type { UserStore } from '../user/index.ts'
import type { PasswordLinks } from './password-links.ts'
import type {
  SignInApplicationStore,
  ApplicationSignIn as StoredSignIn,
} from './sign-in-application-store.ts'

/** What administrators do about how people sign in. */
export type SignInAdministration = {
  /**
   * @param idOrName of a person, in any case
   * @throws ApiError `ResourceNotFound` when there is nobody of it, `InvalidInput` for who is disabled
   */
  createPasswordLink(
    at: { tenant: TenantId; origin: string },
    by: AuditPrincipal,
    idOrName: string,
  ): Promise<PasswordLink>

  /**
   * @throws ApiError `ResourceNotFound` for an application that is not there, `InvalidInput` for a redirect URI or scope
   *   that will not do
   */
  setApplicationSignIn(
    tenant: TenantId,
    by: AuditPrincipal,
    application: string,
    signIn: ApplicationSignIn,
  ): Promise<ApplicationSignIn>

  /** @throws ApiError `ResourceNotFound` for an application that is not there */
  getApplicationSignIn(tenant: TenantId, application: string): Promise<ApplicationSignIn>
}

export function signInAdministration(
  parts: AccessChangeParts & {
    usersOf: (tenant: TenantId) => Pick<UserStore, 'find' | 'findByName'>
    applicationsOf: (tenant: TenantId) => Pick<ApplicationStore, 'find'>
    signInApplicationsOf: (tenant: TenantId) => SignInApplicationStore
    links: PasswordLinks
  },
): SignInAdministration {
  const { usersOf, applicationsOf, signInApplicationsOf, links } = parts
  const change = accessChange(parts)
  return {
    async createPasswordLink(at, by, idOrName) {
      const users = usersOf(at.tenant)
      const user = isGuid(idOrName)
        ? await users.find(idOrName.toLowerCase() as UserId)
        : await users.findByName(idOrName)
      if (!user) throw notFound(`The person ${idOrName}`)
      if (user.disabledAt !== null) {
        throw new ApiError('InvalidInput', `${user.userPrincipalName} is disabled. Enable the account first.`)
      }
      return links.create(at, by, user)
    },
    async setApplicationSignIn(tenant, by, application, { isPublicClient, redirectUris, delegatedScopes }) {
      redirectUris.forEach(refuseRedirectUri)
      delegatedScopes.forEach(refuseScope)
      const id = applicationId(application)
      const signIn = { isPublic: isPublicClient, redirectUris, scopes: delegatedScopes }
      const entry = {
        by,
        operation: 'application.setSignIn',
        target: id,
        detail: { isPublicClient, redirectUris, delegatedScopes },
      }
      const known = await change(tenant, entry, (audit) =>
        signInApplicationsOf(tenant).set(id, signIn, audit),
      )
      if (!known) throw notFound(`The application ${application}`)
      return shown(signIn)
    },
    async getApplicationSignIn(tenant, application) {
      const id = applicationId(application)
      if (!(await applicationsOf(tenant).find(id))) throw notFound(`The application ${application}`)
      return shown((await signInApplicationsOf(tenant).find(id)) ?? NOBODY)
    },
  }
}

/** Without a scope there is nothing to sign in for. */
const NOBODY: StoredSignIn = { isPublic: false, redirectUris: [], scopes: [] }

function applicationId(text: string): ApplicationId {
  if (!isGuid(text)) throw notFound(`The application ${text}`)
  return text.toLowerCase() as ApplicationId
}

/** Codes go there in the open: only https keeps them to one server, and loopback or a scheme to one computer. */
function refuseRedirectUri(uri: string): void {
  const url = URL.parse(uri)
  const isFine =
    url !== null &&
    !uri.includes('#') &&
    url.username === '' &&
    url.password === '' &&
    (url.protocol === 'https:' ||
      (url.protocol === 'http:' && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname)) ||
      /^[a-z][a-z0-9+-]*\.[a-z0-9.+-]+:$/.test(url.protocol))
  if (isFine) return
  throw new ApiError(
    'InvalidInput',
    `redirectUris: ${uri} will not do. Use https, http on loopback, or a scheme of the program's own with a dot in it, such as com.example.app:/signed-in, and no fragment`,
  )
}

function refuseScope(scope: string): void {
  if (permissionOfScope(scope) !== undefined) return
  const known = PERMISSIONS.map(scopeOf).join(', ')
  throw new ApiError('InvalidInput', `delegatedScopes: there is no ${scope}. There are ${known}`)
}

function shown({ isPublic, redirectUris, scopes }: StoredSignIn): ApplicationSignIn {
  return { isPublicClient: isPublic, redirectUris: [...redirectUris], delegatedScopes: [...scopes] }
}
