import { SigningKey } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { checkSettings } from './check-settings.ts'

const key = new SigningKey()
const good = {
  machineId: 'ab'.repeat(20),
  agentNonce: 'n'.repeat(32),
  counter: 2,
  signatureMirror: true,
}
const bounds = {
  key: { keyId: key.keyId, publicKey: key.publicKey, signature: null },
  machineId: good.machineId,
  agentNonce: good.agentNonce,
  lastCounter: 1,
}

function signed(settings: object | string, by = key, context: 'settings' | 'order' = 'settings') {
  const text = typeof settings === 'string' ? settings : JSON.stringify(settings)
  return { settings: text, signature: by.sign(`fleetsweep.agent.v1/${context}`, [text]) }
}

describe('settings of the server', () => {
  it('hold when they are signed for this machine and this connection', () => {
    expect(checkSettings(signed(good), bounds)).toEqual({ kind: 'settings', settings: good })
  })

  it.each([
    ['badSignature', { ...signed(good), signature: '' }],
    ['badSignature', { ...signed(good), settings: JSON.stringify({ ...good, signatureMirror: false }) }],
    ['badSignature', signed(good, new SigningKey())],
    ['badSignature', signed(good, key, 'order')],
    ['notSettings', signed('[]')],
    ['notSettings', signed('{')],
    ['notSettings', signed({ ...good, signatureMirror: 'https://elsewhere.example' })],
    ['otherMachine', signed({ ...good, machineId: 'cd'.repeat(20) })],
    ['otherConnection', signed({ ...good, agentNonce: 'm'.repeat(32) })],
    ['repeated', signed({ ...good, counter: 1 })],
  ])('are refused as %s (%#)', (why, frame) => {
    expect(checkSettings(frame, bounds)).toEqual({ kind: 'refused', why })
  })
})
