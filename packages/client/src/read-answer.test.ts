// Entities as the vendor's reference and clients' recordings show them, with values of our own.
// https://learn.microsoft.com/en-us/defender-endpoint/api/machine
// https://learn.microsoft.com/en-us/defender-endpoint/api/machineaction
import { FleetEvent, Machine, MachineAction, Problem, Scan, User } from '@fleetsweep/protocol'
import { buildMachine, buildMachineAction, buildProgress, buildScan } from '@fleetsweep/testkit'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { fitting, Misfit, type Reading, readAnswer } from './read-answer.ts'

const READINGS: readonly Reading[] = ['fleet', 'defender']

describe.each(READINGS)('reading an answer (%s)', (how) => {
  it('gives what this version of the server says, as it is', () => {
    const [machine, action] = [buildMachine(), buildMachineAction()]
    expect(readAnswer(Machine, machine, how)).toEqual(machine)
    expect(readAnswer(MachineAction, action, how)).toEqual(action)
    expect(readAnswer(Scan, buildScan(action), how)).toEqual(buildScan(action))
  })

  it('keeps what a newer server adds', () => {
    const machine = { ...buildMachine(), colour: { name: 'blue' } }
    expect(readAnswer(Machine, machine, how)).toEqual(machine)
  })

  it('takes words that a newer server says', () => {
    const given = { ...buildMachineAction(), type: 'Isolate', status: 'Paused', requestSource: 'Playbook' }
    expect(readAnswer(MachineAction, given, how)).toMatchObject({ type: 'Isolate', status: 'Paused' })
  })

  it('takes more than there is today where there is nothing yet', () => {
    const vmMetadata = { vmId: 'x', cloudProvider: 'Azure' }
    expect(readAnswer(Machine, { ...buildMachine(), vmMetadata }, how)).toMatchObject({ vmMetadata })
  })

  it('reads as null what an older server leaves out and may be null', () => {
    const { computerDnsName: _, ...older } = buildMachineAction()
    expect(readAnswer(MachineAction, older, how)).toMatchObject({ computerDnsName: null })
  })

  it.each([
    [{ ...buildMachine(), machineTags: 'lab' }, 'machineTags is text instead of a list'],
    [{ ...buildMachine(), machineTags: ['lab', 5] }, 'machineTags[1] is a number instead of text'],
    [{ ...buildMachine(), isExcluded: 'no' }, 'isExcluded is text instead of true or false'],
    [{ ...buildMachine(), rbacGroupId: '3' }, 'rbacGroupId is text instead of a number'],
    [{ ...buildMachine(), ipAddresses: [null] }, 'ipAddresses[0] is null instead of an object'],
    [{ ...buildMachine(), id: null }, 'id is null'],
    [{ status: 'ok' }, 'id is missing'],
    ['<html>', 'It is text instead of an object'],
    [undefined, 'It is null instead of an object'],
  ])('refuses another shape, and says where', (answer, why) => {
    expect(() => readAnswer(Machine, answer, how)).toThrow(new Misfit(why))
  })
})

describe('reading an answer of the Defender API', () => {
  it('takes a machine with only what the reference’s examples show', () => {
    const machine = {
      id: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
      computerDnsName: 'host1.contoso.example',
      firstSeen: '2026-08-02T14:55:03.7791856Z',
      lastSeen: '2026-11-02T14:55:03.7791856Z',
      osPlatform: 'Windows11',
      version: '21H2',
      osProcessor: 'x64',
      lastIpAddress: '192.0.2.7',
      lastExternalIpAddress: '198.51.100.7',
      osBuild: 22000,
      healthStatus: 'NoSensorDataImpairedCommunication',
      rbacGroupId: 140,
      rbacGroupName: 'The-A-Team',
      riskScore: 'Low',
      exposureLevel: 'Medium',
      isAadJoined: true,
      aadDeviceId: '80fe8ff8-2624-418e-9591-41f0491218f9',
      machineTags: null,
    }
    expect(readAnswer(Machine, machine, 'defender')).toMatchObject({
      ...machine,
      machineTags: [],
      ipAddresses: [],
      managedBy: null,
    })
  })

  it('takes an action of another kind', () => {
    const action = {
      '@odata.context': 'https://api.security.microsoft.com/api/$metadata#MachineActions/$entity',
      id: '5382f7ea-7557-4ab7-9782-d50480024a4e',
      type: 'LiveResponse',
      title: null,
      requestor: 'analyst@contoso.example',
      requestorComment: 'Testing Live Response API',
      status: 'Succeeded',
      machineId: '7b1f4967d9728e5aa3c06a9e617a22a4a5a17378',
      computerDnsName: null,
      creationDateTimeUtc: '2026-02-04T15:36:52.7788848Z',
      lastUpdateDateTimeUtc: '2026-02-04T15:40:22.9454155Z',
      cancellationRequestor: null,
      cancellationComment: null,
      cancellationDateTimeUtc: null,
      errorHResult: 0,
      scope: null,
      externalId: null,
      requestSource: null,
      relatedFileInfo: {
        fileIdentifier: '87662bc3d60e4200ceaf7aae249d1c343f4b83c9',
        fileIdentifierType: 'Sha1',
      },
      commands: [
        { index: 0, commandStatus: 'Completed', errors: [], command: { type: 'GetFile', params: [] } },
      ],
      troubleshootInfo: null,
    }
    expect(readAnswer(MachineAction, action, 'defender')).toEqual(action)
  })

  it('does not take an answer without a list for an empty list', () => {
    const Page = Type.Object({ value: Type.Array(Machine), '@odata.nextLink': Type.Optional(Type.String()) })
    expect(() => readAnswer(Page, { status: 'ok' }, 'defender')).toThrow('value is missing')
    expect(() => readAnswer(Page, { value: [{}] }, 'defender')).toThrow('value[0].id is missing')
    expect(readAnswer(Page, { value: [], '@odata.nextLink': null }, 'defender')).toEqual({ value: [] })
  })
})

describe('reading an answer of the Fleet API', () => {
  it('refuses one that leaves out what cannot be null', () => {
    expect(fitting(User, { id: 'x' })).toBeUndefined()
    expect(fitting(Problem, { title: 'x' })).toBeUndefined()
  })

  it('tells events apart by their type, and knows no others', () => {
    const progress = { type: 'scanProgress', actionId: 'a', progress: buildProgress() }
    const action = { type: 'machineAction', machineAction: { ...buildMachineAction(), status: 'Paused' } }
    expect(fitting(FleetEvent, progress)).toEqual(progress)
    expect(fitting(FleetEvent, action)).toEqual(action)
    expect(fitting(FleetEvent, { ...action, type: 'news' })).toBeUndefined()
  })
})
