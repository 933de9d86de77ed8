import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Tool, tool } from '@fleetsweep/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** From 0 for locked up to 10 for open; versions of systemd count a little differently. */
const MOST_EXPOSED = 5.5

const NAMED = ['sysinit', 'basic', 'network-online', 'multi-user', 'shutdown']

const folder = join(import.meta.dirname, '../install')
const script = readFileSync(join(folder, 'install.sh'), 'utf8')

describe('the scripts that install and start the agent', () => {
  it.each(['install.sh', 'fleetsweep-agent'])('hold nothing that shellcheck warns of: %s', (name) => {
    expect(run(tool('shellcheck'), '--shell=sh', join(folder, name))).toEqual({ status: 0, said: '' })
  })
})

describe('the service of the agent', () => {
  let unit: string
  beforeAll(() => {
    const place = mkdtempSync(join(tmpdir(), 'fleetsweep-unit-'))
    unit = join(place, 'fleetsweep-agent.service')
    const text = /<<'END'\n(\[Unit\].*?)^END$/ms.exec(script)?.[1] ?? ''
    // Of what it names it is only asked that it exists.
    for (const name of NAMED) writeFileSync(join(place, `${name}.target`), '[Unit]\n')
    writeFileSync(unit, text.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath} run`))
  })
  afterAll(() => rmSync(dirname(unit), { recursive: true }))

  it('is one that systemd understands', () => {
    const { path, env } = tool('systemdAnalyze')
    const here = { path, env: { ...env, SYSTEMD_UNIT_PATH: dirname(unit) } }
    expect(run(here, 'verify', unit)).toEqual({ status: 0, said: '' })
  })

  it('is shut to what the agent never does', () => {
    const { said } = run(tool('systemdAnalyze'), 'security', '--offline=true', '--no-pager', unit)
    const exposure = Number(/Overall exposure level for fleetsweep-agent\.service: ([\d.]+)/.exec(said)?.[1])
    expect(exposure).toBeLessThanOrEqual(MOST_EXPOSED)
  })
})

function run({ path, env }: Tool, ...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(path, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}
