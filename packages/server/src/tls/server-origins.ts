import { isIPv6 } from 'node:net'
import { isMicrosoftHost } from '@fleetsweep/protocol'
import type { ServerConfig } from '../config/index.ts'
import type { Alias } from '../kit/http/index.ts'
import type { ServerTls } from './server-tls.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

/**
 * The origins under which clients reach the server: those of the configuration, else every name in the certificate
 * with the port. An alias in the certificate is none of them, whether or not it is configured any more.
 */
export function originsOf(config: ServerConfig, tls: ServerTls | undefined, port: number): string[] {
  if (config.publicOrigins.length > 0) return [...config.publicOrigins]
  const names = (tls?.names ?? LOOPBACK_NAMES).filter((name) => !isMicrosoftHost(name))
  return names.map((name) => {
    const host = isIPv6(name) ? `[${name}]` : name
    return new URL(`${tls ? 'https' : 'http'}://${host}:${port}`).origin
  })
}

/** Aliases as clients write them that know nothing of this server: without a port. */
export function aliasesOf({ aliases }: Pick<ServerConfig, 'aliases'>): Alias[] {
  return [
    ...aliases.api.map((host) => ({ origin: `https://${host}`, use: 'api' as const })),
    ...aliases.login.map((host) => ({ origin: `https://${host}`, use: 'signIn' as const })),
  ]
}
