import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** A program whose server says that it is one of ours, and answers one call for whoever it is as it is told to. */
function answer(status: number, body: object): { status: number | null; stderr: string } {
  const program = `
    const server = require('node:http').createServer((_, response) => {
      response.writeHead(${status}, { 'content-type': 'application/problem+json' }).end(${JSON.stringify(JSON.stringify(body))})
    })
    require('node:diagnostics_channel').channel('fleetsweep.server').publish(server)
    server.listen(0, '127.0.0.1', async () => {
      await (await fetch('http://127.0.0.1:' + server.address().port + '/fleet/v1/me')).text()
      server.close()
    })`
  return spawnSync(process.execPath, ['--eval', program], { encoding: 'utf8' })
}

const problem = {
  type: 'about:blank',
  title: 'Unauthorized',
  status: 401,
  detail: 'No token',
  code: 'Unauthorized',
  instance: 'x',
}

describe('a server in a process that a test starts', () => {
  it('may answer as it is described', () => {
    expect(answer(401, problem)).toMatchObject({ status: 0, stderr: '' })
  })

  it('ends loudly when it answers anything else', () => {
    const ended = answer(418, problem)
    expect(ended.status).not.toBe(0)
    expect(ended.stderr).toContain('GET /fleet/v1/me was answered 418')
    expect(ended.stderr).toContain('has no such status')
  })
})
