import { expect, it } from 'vitest'
import { renderClamdConfig } from './clamd-config.ts'

it('lifts every limit that clamd keeps silent about to that of files', () => {
  const maxFileSizeBytes = 512 * 1024 * 1024
  const lines = renderClamdConfig({
    socketPath: '/run/s',
    temporaryDir: '/run/t',
    databaseDir: '/run/d',
    user: undefined,
    threads: 2,
    maxFileSizeBytes,
    maxScanSizeBytes: 4 * maxFileSizeBytes,
    maxScanTimeMs: 1_000,
  }).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining(
      ['MaxEmbeddedPE', 'MaxHTMLNormalize', 'MaxHTMLNoTags', 'MaxScriptNormalize', 'PCREMaxFileSize'].map(
        (name) => `${name} ${maxFileSizeBytes}`,
      ),
    ),
  )
})
