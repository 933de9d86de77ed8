import { type AgentSettings, type MachineId, type SignedSettings, signingInput } from '@fleetsweep/protocol'
import type { OrderKeys } from '../signing-key/index.ts'

export type SettingsDeskParts = {
  orderKey: OrderKeys['current']
  machineId: MachineId
  agentNonce: string
}

/** Signs what one connection is to know, each time that it is something else than before. */
export class SettingsDesk {
  readonly #parts: SettingsDeskParts
  #counter = 0
  #told: boolean | undefined

  constructor(parts: SettingsDeskParts) {
    this.#parts = parts
  }

  /** @returns nothing where the agent knows it already */
  tell(signatureMirror: boolean): { settings: SignedSettings } | undefined {
    if (this.#told === signatureMirror) return undefined
    this.#told = signatureMirror
    this.#counter += 1
    const { orderKey, machineId, agentNonce } = this.#parts
    const said: AgentSettings = { machineId, agentNonce, counter: this.#counter, signatureMirror }
    const settings = JSON.stringify(said)
    const signature = orderKey.sign(signingInput('fleetsweep.agent.v1/settings', [settings]))
    return { settings: { settings, signature } }
  }
}
