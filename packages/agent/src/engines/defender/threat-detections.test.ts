import { describe, expect, it } from 'vitest'
import { readThreatDetections } from './threat-detections.ts'

const START = 1_700_000_000_000
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const threats = json([{ ThreatID: 2147519003, ThreatName: 'Virus:DOS/EICAR_Test_File' }])
const detection = (changes: object = {}) => ({
  ThreatID: 2147519003,
  Resources: ['containerfile:_C:\\a.zip', 'file:_C:\\a.zip->eicar.com'],
  InitialDetectionTime: `/Date(${START + 1})/`,
  LastThreatStatusChangeTime: `/Date(${START + 2})/`,
  ThreatStatusID: 3,
  ActionSuccess: true,
  ...changes,
})
const read = (...entries: object[]) => readThreatDetections({ detections: json(entries), threats }, START)

describe('what Microsoft Defender found during a scan', () => {
  it('is each file once, with the name of the threat and what became of it', () => {
    expect(read(detection())).toEqual([
      {
        path: 'C:\\a.zip',
        innerPath: 'eicar.com',
        isFile: true,
        threatName: 'Virus:DOS/EICAR_Test_File',
        quarantined: true,
      },
    ])
  })

  it('is not called quarantined unless Defender says so, and that it worked', () => {
    const [failed, detected] =
      read(detection({ ActionSuccess: false }), detection({ ThreatStatusID: 1 })) ?? []
    expect([failed?.quarantined, detected?.quarantined]).toEqual([false, false])
  })

  it('leaves out what was found before the scan, and has what was found again', () => {
    const before = { InitialDetectionTime: `/Date(${START - 9})/` }
    expect(read(detection({ ...before, LastThreatStatusChangeTime: `/Date(${START - 1})/` }))).toEqual([])
    expect(read(detection(before))).toHaveLength(1)
  })

  it('is called by its number where there is no name', () => {
    expect(read(detection({ ThreatID: 7, Resources: 'file:_C:\\b' }))?.[0]?.threatName).toBe('Threat 7')
  })

  it('is nothing when there is no output, and unknown when it cannot be read', () => {
    const none = Buffer.alloc(0)
    expect(readThreatDetections({ detections: none, threats: none }, START)).toEqual([])
    expect(readThreatDetections({ detections: Buffer.from('denied'), threats: none }, START)).toBeUndefined()
    expect(read({ ThreatID: 1 })).toBeUndefined()
    expect(read(detection({ InitialDetectionTime: 'yesterday' }))).toBeUndefined()
  })
})
