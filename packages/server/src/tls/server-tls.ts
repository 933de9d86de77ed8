import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Instant } from '@fleetsweep/protocol'
import { ConfigError, type ServerConfig, TLS_FILES } from '../config/index.ts'
import { replaceFile } from '../kit/replace-file.ts'
import { certificateNames, isNearItsEnd, issueServerCertificate } from './local-ca.ts'

/** What the listener needs, and what agents are told. */
export type ServerTls = {
  certPem: string
  keyPem: string
  /** Host names and addresses that the certificate is for. */
  names: readonly string[]
  /** The certificate authority that `init` made; null where the operator brought a certificate. */
  localCa: { certPem: string; sha256: string } | null
  /** True in the last month of a certificate that the operator brought, and after. */
  endsSoon: boolean
}

/**
 * Reads the certificate of the server. One from our own authority is renewed in the last month of its life.
 *
 * @returns undefined when TLS is off
 * @throws ConfigError when a file is missing or does not fit the other
 */
export async function loadServerTls(config: ServerConfig, now: Instant): Promise<ServerTls | undefined> {
  if (config.tls.kind === 'off') return undefined
  const { certFile, keyFile } = config.tls
  const keyPem = readPem(keyFile, 'tls.key')
  const read = readPem(certFile, 'tls.cert')
  const localCa = findLocalCa(config, read)
  const endsSoon = isNearItsEnd(read, now)
  const certPem =
    localCa && endsSoon ? await renew(config.dataDir, localCa.certPem, certFile, keyPem, now) : read
  if (!fits(certPem, keyPem)) {
    throw new ConfigError(
      `The key in ${keyFile} does not belong to the certificate in ${certFile}. Set tls to two files that belong together.`,
    )
  }
  return {
    certPem,
    keyPem,
    names: certificateNames(certPem),
    localCa,
    endsSoon: endsSoon && localCa === null,
  }
}

function readPem(file: string, key: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(
      `${key} names ${file}, which cannot be read. Run \`fleetsweep init\` first, correct the path, or set tls = "off".`,
      { cause },
    )
  }
}

function findLocalCa({ dataDir }: ServerConfig, certPem: string): ServerTls['localCa'] {
  const file = join(dataDir, TLS_FILES.caCert)
  if (!existsSync(file)) return null
  const caPem = readFileSync(file, 'utf8')
  const ca = new X509Certificate(caPem)
  if (!new X509Certificate(certPem).verify(ca.publicKey)) return null
  return { certPem: caPem, sha256: createHash('sha256').update(ca.raw).digest('hex') }
}

/** Keeps the key, so that one rename replaces the certificate and no crash leaves two files that do not fit. */
async function renew(
  dataDir: string,
  caPem: string,
  certFile: string,
  keyPem: string,
  now: Instant,
): Promise<string> {
  const ca = { certPem: caPem, keyPem: readPem(join(dataDir, TLS_FILES.caKey), 'The key of the local CA') }
  const names = certificateNames(readFileSync(certFile, 'utf8'))
  const { certPem } = await issueServerCertificate(ca, names, now, keyPem)
  replaceFile(certFile, certPem, 0o644)
  return certPem
}

function fits(certPem: string, keyPem: string): boolean {
  try {
    return new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem))
  } catch (cause) {
    throw new ConfigError('tls: the certificate or its key is not PEM.', { cause })
  }
}
