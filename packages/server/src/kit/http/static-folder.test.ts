import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveApplication } from './static-folder.ts'

function serve(built = true) {
  const root = mkdtempSync(join(tmpdir(), 'fleetsweep-static-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  writeFileSync(join(root, 'secret.txt'), 'not for the web')
  const folder = join(root, 'console')
  mkdirSync(join(folder, 'assets'), { recursive: true })
  if (built) writeFileSync(join(folder, 'index.html'), '<title>Console</title>')
  writeFileSync(join(folder, 'assets/app-1a2b.js'), 'start()')
  writeFileSync(join(folder, 'assets/app-1a2b.js.map'), '{}')
  const server = Fastify()
  serveApplication(server, '/console', folder)
  return (url: string, headers = {}) => server.inject({ url, headers })
}

describe('a built application', () => {
  it('is served with a policy that lets nothing else in', async () => {
    const answer = await serve()('/console')
    expect(answer).toMatchObject({ statusCode: 200, body: '<title>Console</title>' })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self'"),
      'cache-control': 'no-cache',
    })
  })

  it('answers its own routes with its page and missing files with 404', async () => {
    const get = serve()
    expect((await get('/console/actions/7')).body).toBe('<title>Console</title>')
    expect((await get('/console/assets/other.js')).statusCode).toBe(404)
    expect((await get('/console/assets/app-1a2b.js.map')).statusCode).toBe(404)
  })

  it('lets hashed files be kept for ever and answers 304 to whoever has the rest', async () => {
    const get = serve()
    const script = await get('/console/assets/app-1a2b.js')
    expect(script.headers['cache-control']).toContain('immutable')
    const page = await get('/console')
    expect((await get('/console', { 'if-none-match': page.headers.etag })).statusCode).toBe(304)
  })

  it('compresses for whoever can read it', async () => {
    const answer = await serve()('/console/assets/app-1a2b.js', { 'accept-encoding': 'br, gzip' })
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(answer.rawPayload).toString()).toBe('start()')
  })

  it.each([
    '/console/../secret.txt',
    '/console/%2e%2e/secret.txt',
    '/console/..%2fsecret.txt',
    '/console/assets/..%2f..%2fsecret.txt',
    '/console/%252e%252e%252fsecret.txt',
    '/console//etc/passwd',
  ])('gives nothing outside its folder for %s', async (path) => {
    expect((await serve()(path)).body).not.toContain('not for the web')
    expect((await serve()(path)).body).not.toContain('root:')
  })

  it('says so in words where it was not built', async () => {
    expect((await serve(false)('/console')).body).toContain('its pages were not built')
  })
})
