/** Where the server is: scheme, host and port, nothing else. */
export type ServerAddress = { kind: 'address'; origin: string } | { kind: 'refused'; reason: string }

/**
 * Reads the address of a server as people give it.
 *
 * Without TLS only this very machine is reached, unless `insecureHttp`: an enrollment token read on the way is an
 * invitation, and a scan report a map of the machine.
 */
export function readServerAddress(text: string, insecureHttp: boolean): ServerAddress {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    return {
      kind: 'refused',
      reason: `"${text}" is not the address of a server. Give one like https://fleet.example.com`,
    }
  }
  if (url.username !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return { kind: 'refused', reason: `Give the server as scheme, host and port alone: ${url.origin}` }
  }
  if (url.protocol === 'http:' && !insecureHttp && !isLoopback(url.hostname)) {
    return {
      kind: 'refused',
      reason:
        `${url.origin} would carry everything unencrypted. Use https://, or give --insecure-http if you accept ` +
        'that everybody on the way can read along.',
    }
  }
  return { kind: 'address', origin: url.origin }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
