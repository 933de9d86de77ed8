import { type Static, Type } from 'typebox'
import { Base64Text, MachineIdText } from '../ids.ts'

/** What a server lets the agents of its machines know that is no order. */
export const AgentSettings = Type.Object({
  machineId: MachineIdText,
  /** The nonce of the connection that this is for. */
  agentNonce: Type.String({ minLength: 16, maxLength: 128 }),
  /** Grows with every one of a connection: one that is not above the last is refused. */
  counter: Type.Integer({ minimum: 1 }),
  /**
   * True while this server gives out signatures. Where they are is not for it to say: at `SIGNATURES_PATH` of the server
   * that the machine is enrolled with, and nowhere else.
   */
  signatureMirror: Type.Boolean(),
})
export type AgentSettings = Static<typeof AgentSettings>

export const SignedSettings = Type.Object({
  /** JSON of `AgentSettings`; exactly this text is signed. */
  settings: Type.String({ maxLength: 4_096 }),
  /** By the key that signs orders on this connection, over `signingInput('fleetsweep.agent.v1/settings', [settings])`. */
  signature: Base64Text,
})
export type SignedSettings = Static<typeof SignedSettings>
