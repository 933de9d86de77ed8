import { buildDetection, buildFileEvidence, FakeServer } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CliTestIo } from './cli-test-io.ts'

let server: FakeServer
let io: CliTestIo

beforeEach(async () => {
  server = await new FakeServer().listen()
  io = new CliTestIo(server)
})
afterEach(() => server[Symbol.asyncDispose]())

describe('fleetsweep detections', () => {
  it('lists those of one machine', async () => {
    const mine = buildDetection({ machineId: 'm', innerPath: { text: 'inner/eicar.txt' } })
    server.addAction({}, { detections: [mine, buildDetection({ threatName: 'Other' })] })
    expect(await io.run('detections --machine m')).toBe(0)
    expect(io.stdout).toContain('/tmp/eicar.com » inner/eicar.txt')
    expect(io.stdout).toContain(mine.sha256)
    expect(io.stdout).not.toContain('Other')
  })

  it('says why a file stays where it was to be quarantined', async () => {
    const stays = buildDetection({ dispositionReason: 'The quarantine is full.' })
    server.addAction({}, { detections: [stays] })
    await io.run('detections')
    expect(io.stdout).toContain('reported: The quarantine is full.')
  })

  it('does not call a machine without detections clean', async () => {
    await io.run('detections')
    expect(io.stdout + io.stderr).not.toMatch(/clean/i)
  })
})

describe('fleetsweep alerts', () => {
  it('lists those that were asked for', async () => {
    const machine = server.addMachine({ computerDnsName: 'lab-07' })
    const mine = server.addAlert({ machineId: machine.id, computerDnsName: 'lab-07', severity: 'High' })
    server.addAlert({ machineId: machine.id, severity: 'High', status: 'Resolved' })
    server.addAlert({ machineId: machine.id, severity: 'Low' })
    server.addAlert({ severity: 'High' })
    expect(await io.run('alerts list --open --severity high --machine lab-07')).toBe(0)
    expect(io.stdout).toMatch(new RegExp(`^${mine.id} +High +New +lab-07 +Eicar-Test-Signature `, 'm'))
    expect(io.stdout.trimEnd().split('\n')).toHaveLength(2)
  })

  it('gives programs the evidence, too', async () => {
    const alert = server.addAlert({ evidence: [buildFileEvidence()] })
    expect(await io.run('alerts list --json')).toBe(0)
    expect(io.json()).toEqual([alert])
  })

  it('does not call a fleet without alerts clean', async () => {
    expect(await io.run('alerts list')).toBe(0)
    expect(io.stdout + io.stderr).not.toMatch(/clean/i)
  })

  it('shows one, with where its threat is and what people said', async () => {
    const { id } = server.addAlert({
      description: 'A scan found it.\u202e',
      evidence: [buildFileEvidence({ fileName: 'a.com' }), buildFileEvidence({ fileName: 'b.com' })],
      comments: [{ comment: 'Mine\u001b[2J', createdBy: 'ada', createdTime: '2026-11-23T08:12:26.1Z' }],
    })
    expect(await io.run(`alerts show ${id}`)).toBe(0)
    expect(io.stdout).toContain('Description:    A scan found it.\\u{202e}')
    expect(io.stdout).toMatch(/^a\.com +\/tmp +root +.*\n^b\.com /m)
    expect(io.stdout).toContain('2026-11-23 08:12:26Z  ada: Mine\\u{1b}[2J\n')
  })

  it('resolves one, with a comment', async () => {
    const { id } = server.addAlert()
    expect(await io.run(`alerts resolve ${id} --comment Removed`)).toBe(0)
    expect(server.alerts).toMatchObject([{ status: 'Resolved', comments: [{ comment: 'Removed' }] }])
    expect(io.stdout).toMatch(/^Status: +Resolved$/m)
  })

  it('says when there is no such alert', async () => {
    expect(await io.run('alerts resolve da1_1')).toBe(1)
    expect(io.stderr).toContain('Alert da1_1 was not found')
  })

  it.each(['', 'close da1_1', 'show', 'list x', 'list --status closed', 'list --status new --open'])(
    'is misused as: alerts %s',
    async (line) => {
      expect(await io.run(`alerts ${line}`)).toBe(2)
      expect(io.stderr).toContain('fleetsweep alerts --help')
    },
  )
})
