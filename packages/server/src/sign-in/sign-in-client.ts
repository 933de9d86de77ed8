import {
  type ApplicationId,
  CLI_CLIENT_ID,
  CONSOLE_CLIENT_ID,
  isGuid,
  PERMISSIONS,
  scopeOf,
  type TenantId,
} from '@fleetsweep/protocol'
import type { ApplicationStore } from '../application/index.ts'
import type { SignInApplicationStore } from './sign-in-application-store.ts'

/** A program that people sign in with. */
export type SignInClient = {
  id: ApplicationId
  displayName: string
  /** One that cannot keep a secret: a program on somebody's computer, or a page. */
  isPublic: boolean
  /** One that listens on loopback, on whatever port is free, or has a scheme of its own. */
  isNative: boolean
  redirectUris: readonly string[]
  postLogoutRedirectUris: readonly string[]
  /** What it may ask to do in the name of a person. */
  scopes: readonly string[]
}

/** Finds programs that people may sign in with. */
export interface SignInClients {
  /** @param origins the server’s own, where its console is: at an alias, a code would go to somebody else */
  find(tenant: TenantId, clientId: string, origins: readonly string[]): Promise<SignInClient | undefined>
}

const ALL_SCOPES = PERMISSIONS.map(scopeOf)
/** Any port of them will do. */
const LOOPBACK = ['http://127.0.0.1', 'http://localhost', 'http://[::1]']
const LOOPBACK_PATHS = ['', '/', '/signed-in', '/callback']

/** Our own programs, and the applications for which an administrator allowed it. */
export function signInClients(parts: {
  applicationsOf: (tenant: TenantId) => Pick<ApplicationStore, 'find'>
  signInApplicationsOf: (tenant: TenantId) => SignInApplicationStore
}): SignInClients {
  return {
    async find(tenant, clientId, origins) {
      const id = clientId.toLowerCase() as ApplicationId
      if (id === CONSOLE_CLIENT_ID) return consoleClient(origins)
      if (id === CLI_CLIENT_ID) return CLI
      if (!isGuid(id)) return undefined
      const [application, allowed] = await Promise.all([
        parts.applicationsOf(tenant).find(id),
        parts.signInApplicationsOf(tenant).find(id),
      ])
      if (!application || !allowed || allowed.scopes.length === 0) return undefined
      const { displayName } = application
      const { redirectUris } = allowed
      const isNative = redirectUris.some(isNativeUri)
      return { id, displayName, ...allowed, isNative, postLogoutRedirectUris: redirectUris }
    },
  }
}

/** True for a redirect URI of a program on the person's own computer. */
function isNativeUri(uri: string): boolean {
  const { protocol, origin } = new URL(uri)
  return !/^https?:$/.test(protocol) || /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(origin)
}

function consoleClient(origins: readonly string[]): SignInClient {
  return {
    id: CONSOLE_CLIENT_ID,
    displayName: 'Fleetsweep console',
    isPublic: true,
    isNative: false,
    redirectUris: origins.map((origin) => `${origin}/console/signed-in`),
    postLogoutRedirectUris: origins.map((origin) => `${origin}/console/`),
    scopes: ALL_SCOPES,
  }
}

const CLI: SignInClient = {
  id: CLI_CLIENT_ID,
  displayName: 'Fleetsweep command line',
  isPublic: true,
  isNative: true,
  redirectUris: LOOPBACK.flatMap((origin) => LOOPBACK_PATHS.map((path) => `${origin}${path}`)),
  postLogoutRedirectUris: [],
  scopes: ALL_SCOPES,
}
