import { isIPv6 } from 'node:net'
import type { ServerConfig } from '../config/index.ts'
import type { ServerTls } from './server-tls.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

/**
 * The origins under which clients reach the server: those of the configuration, else every name in the certificate
 * with the port.
 */
export function originsOf(config: ServerConfig, tls: ServerTls | undefined, port: number): string[] {
  if (config.publicOrigins.length > 0) return [...config.publicOrigins]
  const names = tls?.names ?? LOOPBACK_NAMES
  return names.map((name) => {
    const host = isIPv6(name) ? `[${name}]` : name
    return new URL(`${tls ? 'https' : 'http'}://${host}:${port}`).origin
  })
}
