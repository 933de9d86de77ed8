import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eicar } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClamAvFixture, finished } from './clamav-fixture.ts'

describe('scanning a folder with ClamAV', () => {
  let fixture: ClamAvFixture
  beforeAll(async () => {
    fixture = await ClamAvFixture.create()
  })
  afterAll(() => fixture[Symbol.asyncDispose]())

  it('finds EICAR', async () => {
    await writeFile(join(fixture.files, 'eicar.com'), eicar())
    await writeFile(join(fixture.files, 'plain.txt'), 'nothing to see')
    const result = await fixture.scan(fixture.engine())
    expect(finished(result).detections).toBe(1)
  })
})
