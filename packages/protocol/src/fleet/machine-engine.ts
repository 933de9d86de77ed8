import { type Static, Type } from 'typebox'
import { ENGINE_LIVES, ENGINE_STATES } from '../agent/inventory.ts'

/** Most machines that one call asks about. */
export const MAX_ENGINES_ASKED = 200

/** How good the signatures of a machine are. `none`: its engine has nothing to compare with, or there is no engine. */
export const MACHINE_SIGNATURE_STATES = ['inDate', 'old', 'testOnly', 'none'] as const
export type MachineSignatureState = (typeof MACHINE_SIGNATURE_STATES)[number]

const NullableText = Type.Union([Type.String(), Type.Null()])

/** What a machine scans with, as it told last. */
export const MachineEngine = Type.Object(
  {
    machineId: Type.String(),
    computerDnsName: NullableText,
    agentVersion: Type.String(),
    name: Type.String({ description: '`ClamAV` or `Microsoft Defender`.' }),
    version: NullableText,
    state: Type.Enum(ENGINE_STATES, { description: '`missing`: there is none, so no scan can be run.' }),
    life: Type.Union([Type.Enum(ENGINE_LIVES), Type.Null()], {
      description:
        '`onDemand`: the agent starts it for scans. `resident`: the agent keeps it running. `system`: it runs on the machine by itself. Null where the agent does not tell.',
    }),
    signatures: Type.Object({
      state: Type.Enum(MACHINE_SIGNATURE_STATES, {
        description: 'Only by signatures that are `inDate` a scan can be called clean.',
      }),
      version: NullableText,
      builtAt: Type.Union([Type.String(), Type.Null()], { description: 'When their maker built them.' }),
      ageDays: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
        description: "Whole days since then, by the server's clock; null where they do not say.",
      }),
      count: Type.Integer({ minimum: 0 }),
    }),
  },
  { description: 'The engine of a machine and how good its signatures are.' },
)
export type MachineEngine = Static<typeof MachineEngine>

/** Answer of `GET /fleet/v1/engines`. */
export const MachineEngineList = Type.Object({
  items: Type.Array(MachineEngine, {
    description: 'Machines that are unknown or out of reach are left out.',
  }),
})
