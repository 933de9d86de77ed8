import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'

describe('the log', () => {
  it('never holds a secret, however deep it stands', () => {
    const lines: string[] = []
    const logger = createLogger('info', { write: (line) => void lines.push(line) })
    logger.info({ secret: 's3cr3t', req: { headers: { authorization: 'Bearer s3cr3t' } }, id: 'kept' }, 'x')
    logger.child({ body: { client_secret: 's3cr3t' } }).warn('y')
    expect(lines.join('')).not.toContain('s3cr3t')
    expect(lines.join('')).toContain('kept')
  })
})
