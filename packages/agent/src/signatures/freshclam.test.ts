import { describe, expect, it } from 'vitest'
import { readOutcome, renderFreshclamConfig } from './freshclam.ts'

describe('what freshclam did', () => {
  it('is told by what it printed', () => {
    const updated = 'daily.cld updated (version: 27500, sigs: 2077211, f-level: 90, builder: raynman)\n'
    const current =
      'main.cvd database is up-to-date (version: 62, sigs: 6647427, f-level: 90, builder: sigmgr)\n'
    expect(readOutcome(0, `${updated}${current}`)).toEqual({ kind: 'updated', databases: ['daily.cld'] })
    expect(readOutcome(0, current)).toEqual({ kind: 'current' })
  })

  it('when it failed is told by its first error', () => {
    const output = `ERROR: check_for_new_database_version: Failed to find daily database using server x.
Giving up on x...
ERROR: Update failed for database: daily
ERROR: Update failed.`
    expect(readOutcome(11, output)).toEqual({
      kind: 'failed',
      sentence:
        'The signatures could not be updated: check_for_new_database_version: Failed to find daily database using server x.',
    })
    expect(readOutcome(null, '')).toMatchObject({ sentence: expect.stringContaining('it was ended') })
  })

  it('is no success when it was told to wait, whatever its exit code', () => {
    const output = 'You are on cool-down until after: 2026-11-26 08:00:00\n'
    expect(readOutcome(0, output)).toEqual({
      kind: 'failed',
      sentence: "ClamAV's servers ask this address to wait until 2026-11-26 08:00:00.",
    })
  })

  it('is not told by a configuration that somebody smuggled a line into', () => {
    const options = {
      workDir: '/w',
      databaseDir: '/d',
      owner: 'clamav',
      mirror: 'https://a\nDatabaseOwner root',
    }
    expect(() => renderFreshclamConfig(options)).toThrow('cannot hold this PrivateMirror')
  })
})
