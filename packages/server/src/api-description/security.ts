import { PERMISSIONS, type Permission, scopeOf } from '@fleetsweep/protocol'
import type { Access } from '../kit/http/index.ts'

/** What whoever holds a permission may do with it. */
const ALLOWS: Readonly<Record<Permission, string>> = {
  'Machine.Scan': 'Run antivirus scans, and cancel them.',
  'Machine.StopAndQuarantine': 'Move files to quarantine, and give them back.',
  'Machine.Read.All': 'Read machines and machine actions.',
  'Machine.ReadWrite.All': 'Read machines and machine actions, and change machines.',
  'Alert.Read.All': 'Read alerts.',
  'Alert.ReadWrite.All': 'Read and update alerts.',
  'Fleet.Enroll': 'Make and revoke enrollment tokens.',
  'Fleet.Admin': 'Administer applications, users, roles and device groups.',
  'Scan.Read.All': 'Read scans and detections.',
  'Scan.Run.Custom': 'Run scans of chosen places.',
  'Audit.Read.All': 'Read and verify the audit.',
}

/** Where tokens of a tenant come from. */
export type TokenPlace = { origin: string; tenant: string }

/** Ways to authenticate that every guarded operation takes. */
export function securitySchemes({ origin, tenant }: TokenPlace): Record<string, object> {
  const endpoints = `${origin}/${tenant}/oauth2/v2.0`
  return {
    application: {
      type: 'oauth2',
      description:
        'For a program that acts for itself. It holds permissions as app roles; as scope it asks for `<audience>/.default`, where the audience is the base URL of this server or one of the Defender API. What it may do stands in the `roles` of the token.',
      flows: {
        clientCredentials: {
          tokenUrl: `${endpoints}/token`,
          scopes: { [`${origin}/.default`]: 'Whatever the application holds.' },
        },
      },
    },
    person: {
      type: 'oauth2',
      description:
        'For a program that acts for a person who signed in, with PKCE (`S256`). A program without a browser takes the device code flow (RFC 8628) at `x-device-authorization-url` with the same scopes. Roles say what the person may do with it.',
      flows: {
        authorizationCode: {
          authorizationUrl: `${endpoints}/authorize`,
          tokenUrl: `${endpoints}/token`,
          refreshUrl: `${endpoints}/token`,
          scopes: Object.fromEntries(
            PERMISSIONS.map((permission) => [scopeOf(permission), ALLOWS[permission]]),
          ),
        },
      },
      'x-device-authorization-url': `${endpoints}/devicecode`,
    },
    token: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'An access token that was got in one of the other ways, or of a listed external issuer.',
    },
  }
}

/** Each element is one way to be let in; any of the permissions is enough. */
export function securityOf(access: Access): Record<string, string[]>[] {
  if ('anonymous' in access) return []
  if ('signedIn' in access) return [{ token: [] }, { application: [] }, { person: [] }]
  return [
    { application: [] },
    ...access.permission.flatMap((permission) => [
      { token: [permission] },
      { person: [scopeOf(permission)] },
    ]),
  ]
}
