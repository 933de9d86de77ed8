import 'reflect-metadata'
import { createPrivateKey, createPublicKey, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { addMs, type Instant, MICROSECONDS_PER_MS } from '@fleetsweep/protocol'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A certificate and its private key, both PEM. */
export type CertifiedKey = { certPem: string; keyPem: string }

const CA_LIFE_DAYS = 3_650
/** What clients accept of a server's certificate at most. */
const SERVER_LIFE_DAYS = 397
/** Begins in the past, so that a machine whose clock is a day behind still takes it. */
const BACKDATED_DAYS = 2
const RENEW_BEFORE_DAYS = 30
const DAY_MS = 86_400_000
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/**
 * Makes a certificate authority that can vouch for the given names alone: whoever trusts it need not fear that it will
 * ever speak for another site.
 *
 * @param names host names and IP addresses
 */
export async function createLocalCa(names: readonly string[], now: Instant): Promise<CertifiedKey> {
  const keys = await newKeys()
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Fleetsweep local CA',
    keys,
    signingAlgorithm: P256,
    ...validity(now, CA_LIFE_DAYS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      nameConstraints(names),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certPem: pem(cert), keyPem: await keyPem(keys.privateKey) }
}

/**
 * Issues a server certificate for names that the authority may vouch for.
 *
 * @param key the private key that it is for, PEM; a new one when absent
 */
export async function issueServerCertificate(
  ca: CertifiedKey,
  names: readonly string[],
  now: Instant,
  key?: string,
): Promise<CertifiedKey> {
  const authority = new X509Certificate(ca.certPem)
  const keys = key === undefined ? await newKeys() : await importKeys(key)
  const cert = await X509CertificateGenerator.create({
    // No host name: where there is a list of alternative names, it alone counts.
    subject: 'CN=Fleetsweep server',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: (await importKeys(ca.keyPem)).privateKey,
    signingAlgorithm: P256,
    ...validity(now, SERVER_LIFE_DAYS),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) =>
          isIP(value) ? { type: 'ip' as const, value } : { type: 'dns' as const, value },
        ),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  })
  return { certPem: pem(cert), keyPem: await keyPem(keys.privateKey) }
}

/** True in the last month of a certificate's life, and after. */
export function isNearItsEnd(certPem: string, now: Instant): boolean {
  const end = new NodeCertificate(certPem).validToDate.getTime() * MICROSECONDS_PER_MS
  return end < addMs(now, RENEW_BEFORE_DAYS * DAY_MS)
}

/** The host names and IP addresses that a certificate is for, wildcards left out. */
export function certificateNames(certPem: string): string[] {
  const text = new NodeCertificate(certPem).subjectAltName ?? ''
  return [...text.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].flatMap(([, name]) =>
    name === undefined || name.includes('*') ? [] : [shortAddress(name)],
  )
}

/** Node prints IPv6 in full; a URL needs the short form. */
function shortAddress(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name
}

function nameConstraints(names: readonly string[]): Extension {
  const permitted = names.map((name) => {
    const version = isIP(name)
    const base = version === 0 ? { dNSName: name } : { iPAddress: `${name}/${version === 4 ? 32 : 128}` }
    return new GeneralSubtree({ base: new GeneralName(base) })
  })
  const constraints = new NameConstraints({ permittedSubtrees: new GeneralSubtrees(permitted) })
  return new Extension(id_ce_nameConstraints, true, AsnConvert.serialize(constraints))
}

function validity(now: Instant, days: number): { notBefore: Date; notAfter: Date } {
  const begin = now / MICROSECONDS_PER_MS - BACKDATED_DAYS * DAY_MS
  return { notBefore: new Date(begin), notAfter: new Date(begin + days * DAY_MS) }
}

function newKeys() {
  return webcrypto.subtle.generateKey(P256, true, ['sign', 'verify'])
}

async function importKeys(text: string) {
  const privateDer = createPrivateKey(text).export({ format: 'der', type: 'pkcs8' })
  const publicDer = createPublicKey(text).export({ format: 'der', type: 'spki' })
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateDer, P256, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', publicDer, P256, true, ['verify']),
  }
}

function pem(cert: X509Certificate): string {
  return `${cert.toString('pem').trim()}\n`
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}
