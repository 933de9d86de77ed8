import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from './api-error.ts'

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}
const COMPRESSIBLE = /^(text\/|application\/|image\/svg)/

/**
 * Only what comes from here runs or is shown, and nobody may frame it. The hash is that of nothing at all: Fluent UI
 * puts empty style elements into the page and fills them by script.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Also for a style that brings its images with it. */
export const PAGE_POLICY_WITH_DATA_IMAGES = PAGE_POLICY.replace("img-src 'self'", "img-src 'self' data:")

const INDEX = 'index.html'
/** Vite puts the hash of the content into the names below this folder. */
const HASHED = 'assets/'
const A_YEAR = 'public, max-age=31536000, immutable'

type StaticFile = { type: string; etag: string; plain: Buffer; gzip: Buffer | undefined; isHashed: boolean }

/**
 * Serves a built single-page application below a path. Its files are read once, at the start: what is not among them
 * cannot be asked for, however the path is written. Paths that name no file get the application, which routes itself.
 *
 * @param folder undefined, or without an index.html, where it was not built: a page says so then
 */
export function serveApplication(
  server: FastifyInstance,
  prefix: string,
  folder: string | undefined,
  policy: string = PAGE_POLICY,
): void {
  const files = folder !== undefined && existsSync(join(folder, INDEX)) ? readFiles(folder) : new Map()
  const answer = (request: FastifyRequest, reply: FastifyReply, name: string): FastifyReply => {
    reply.header('content-security-policy', policy)
    const index = files.get(INDEX)
    if (!index) return sendNotBuilt(reply)
    const file = files.get(name) ?? (extname(name) === '' ? index : undefined)
    if (!file) throw notFound(`The file ${name}`)
    return send(request, reply, file)
  }
  server.get(prefix, (request, reply) => answer(request, reply, INDEX))
  server.get<{ Params: { '*': string } }>(`${prefix}/*`, (request, reply) =>
    answer(request, reply, request.params['*']),
  )
}

function readFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>()
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry)
    const type = MEDIA_TYPES[extname(entry).toLowerCase()]
    if (type === undefined || !statSync(path).isFile()) continue
    const name = relative(folder, path).split(sep).join('/')
    files.set(name, readStaticFile(path, type, name.startsWith(HASHED)))
  }
  return files
}

function readStaticFile(path: string, type: string, isHashed: boolean): StaticFile {
  const plain = readFileSync(path)
  const gzip = COMPRESSIBLE.test(type) ? gzipSync(plain) : undefined
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
  return { type, etag, plain, gzip, isHashed }
}

function send(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { type, etag, plain, gzip, isHashed }: StaticFile,
): FastifyReply {
  reply.headers({ etag, vary: 'accept-encoding', 'cache-control': isHashed ? A_YEAR : 'no-cache' })
  if (headers['if-none-match'] === etag) return reply.code(304).send()
  reply.header('content-type', type)
  if (!gzip || !/\bgzip\b/.test(headers['accept-encoding'] ?? '')) return reply.send(plain)
  return reply.header('content-encoding', 'gzip').send(gzip)
}

function sendNotBuilt(reply: FastifyReply): FastifyReply {
  const text =
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Fleetsweep</title>' +
    '<p>This server runs, but its pages were not built. Build them with <code>npm run build</code> and start the server again. The API works without it.</p></html>\n'
  return reply.code(200).type('text/html; charset=utf-8').send(text)
}
