import fc from 'fast-check'
import { oddTexts } from './odd-text.ts'

/** What may stand in a header: no line end, which would be another header, and seldom another control character. */
const values = fc.oneof(
  { weight: 8, arbitrary: oddTexts.map((text) => text.replace(/\p{Cc}/gu, '~').slice(0, 3_000)) },
  { weight: 1, arbitrary: oddTexts.map((text) => text.replace(/[\r\n]/g, ' ').slice(0, 3_000)) },
)
const jwtParts = fc
  .tuple(fc.json(), fc.json(), fc.string())
  .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.'))

const authorizations = fc.oneof(
  values,
  values.map((text) => `Bearer ${text}`),
  jwtParts.map((token) => `Bearer ${token}`),
  fc.tuple(fc.string(), fc.string()).map((pair) => `Basic ${Buffer.from(pair.join(':')).toString('base64')}`),
  fc.constantFrom(
    'Bearer',
    'Bearer ',
    'bearer x',
    'Basic',
    'Basic !',
    'Negotiate',
    'Bearer a.b.c',
    'Bearer ..',
  ),
)
const types = fc.oneof(
  values,
  fc.constantFrom(
    'application/json',
    'application/json; charset=utf-16',
    'APPLICATION/JSON;;;',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'application/json, text/plain',
    '/',
    ';',
  ),
)
const addresses = fc.oneof(
  values,
  fc.constantFrom(
    '203.0.113.7',
    '::1',
    '[::1]:80',
    '203.0.113.7, 10.0.0.1',
    'unknown',
    ',,,',
    '999.1.1.1',
    '127.0.0.1:99999',
  ),
)
const hosts = fc.oneof(
  values,
  fc.constantFrom(
    'evil.example',
    'localhost',
    '127.0.0.1',
    '[::1]',
    'api.security.microsoft.com',
    'a:b:c',
    'x@y',
    'xn--',
    '[',
    'a b',
    `${'a.'.repeat(500)}`,
  ),
)
const tags = fc.oneof(values, fc.constantFrom('*', '"x"', 'W/"x"', 'Thu, 01 Jan 1970 00:00:00 GMT', 'never'))

/** Header lines, some of them twice. */
export const headerLines: fc.Arbitrary<readonly string[]> = fc.array(
  fc.oneof(
    authorizations.map((value) => `Authorization: ${value}`),
    types.map((value) => `Content-Type: ${value}`),
    fc
      .tuple(
        fc.constantFrom(
          'X-Forwarded-For',
          'Forwarded',
          'X-Real-IP',
          'X-Forwarded-Host',
          'X-Forwarded-Proto',
          'X-Forwarded-Port',
          'X-Original-URL',
          'X-Rewrite-URL',
          'X-HTTP-Method-Override',
        ),
        addresses,
      )
      .map((parts) => parts.join(': ')),
    hosts.map((value) => `Host: ${value}`),
    fc
      .tuple(
        fc.constantFrom('If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Range'),
        tags,
      )
      .map((parts) => parts.join(': ')),
    fc
      .tuple(
        fc.constant('Range'),
        fc.oneof(values, fc.constantFrom('bytes=0-0', 'bytes=-1', 'bytes=9-1', 'bytes=0-,0-,0-')),
      )
      .map((parts) => parts.join(': ')),
    fc
      .tuple(
        fc.constantFrom(
          'Accept',
          'Accept-Encoding',
          'Accept-Language',
          'Accept-Charset',
          'Prefer',
          'OData-Version',
          'OData-MaxVersion',
        ),
        fc.oneof(
          values,
          fc.constantFrom('text/html', 'application/xml', '*/*;q=0', 'gzip;q=0', 'br', 'odata.maxpagesize=1'),
        ),
      )
      .map((parts) => parts.join(': ')),
    fc.constantFrom(
      'Upgrade: h2c',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: x',
      'HTTP2-Settings: AAEAAEAAAAIAAAAB',
      'Content-Encoding: gzip',
      'Cookie: a=b; a=c',
      'Origin: null',
      'Origin: https://evil.example',
      'Access-Control-Request-Method: POST',
      'Idempotency-Key: x',
      'Te: trailers',
      'Max-Forwards: 0',
      'Via: 1.1 x',
      'Last-Event-ID: 1',
    ),
    values.map((value) => `X-Odd: ${value}`),
  ),
  { maxLength: 6 },
)
