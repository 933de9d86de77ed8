import { type Static, Type } from 'typebox'
import { Base64Text, Guid, MachineIdText, Sha256Text } from '../ids.ts'
import { Detection } from '../scan/detection.ts'
import { FilePath } from '../scan/file-path.ts'
import { ScanProgress } from '../scan/scan-progress.ts'
import { EngineInfo, ScanReport } from '../scan/scan-report.ts'
import { Inventory } from './inventory.ts'
import { OrderKey } from './order.ts'
import { SignedSettings } from './settings.ts'

/** WebSocket subprotocol of the channel between agent and gateway. */
export const AGENT_SUBPROTOCOL = 'fleetsweep.agent.v1'
/** Largest frame either side accepts, in bytes of UTF-8. */
export const MAX_FRAME_BYTES = 256 * 1024

/** Close codes of the channel, 4000 and up as RFC 6455 leaves to applications. */
export const CLOSE = {
  /** Signature wrong, machine unknown or its key replaced: enroll again. The agent retries after minutes only. */
  notAuthenticated: 4001,
  /** A newer connection of the same machine took over. The agent retries after half a minute or more. */
  superseded: 4002,
  /** A frame that does not fit the schema, is binary, too large, or one too many. Either side may say so. */
  badFrame: 4003,
  /** The server is draining; connect again after a jittered pause. */
  goingAway: 4004,
} as const

const ActionRef = { actionId: Guid }
/** What a machine counts. A number beyond what JavaScript holds exactly would not fit into a database either. */
const Count = (minimum: number) => Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER })
const Nonce = Type.String({ minLength: 16, maxLength: 128 })

/** What stopped, or never ran: the proof that the engine does nothing for an action any more. */
export const STOP_PROOFS = ['processGone', 'queueEmpty', 'neverStarted'] as const
export type StopProof = (typeof STOP_PROOFS)[number]

/**
 * What happened to an action on its machine, journaled before it is sent and numbered from 1 for each action, without
 * gaps. The server keeps each number once and acknowledges after its commit; a repeated one is acknowledged again.
 * The agent sends them in order and keeps at most 32 unacknowledged on their way.
 */
export const AgentEvent = Type.Union([
  /** The order is in the journal. */
  Type.Object({ kind: Type.Literal('accepted') }),
  /** An attempt begins; more than one when the scan was interrupted. */
  Type.Object({ kind: Type.Literal('started'), attempt: Count(1), engine: EngineInfo }),
  /**
   * A later attempt tells again what it finds: one with the same threat, path and inner path is the same detection,
   * whatever the attempt.
   */
  Type.Object({
    kind: Type.Literal('detection'),
    attempt: Count(1),
    detection: Detection,
  }),
  Type.Object({ kind: Type.Literal('finished'), report: ScanReport }),
  /** A task, which is an action that is no scan, was carried out. */
  Type.Object({
    kind: Type.Literal('done'),
    /** What was done, for people. */
    sentence: Type.String({ minLength: 1, maxLength: 1_000 }),
    /** Under which the machine keeps a file that was moved to quarantine; absent for other tasks. */
    quarantineId: Type.Optional(Guid),
  }),
  /** It could not be done; `report` says how far it came. */
  Type.Object({
    kind: Type.Literal('failed'),
    reason: Type.String({ minLength: 1, maxLength: 1_000 }),
    report: Type.Union([ScanReport, Type.Null()]),
  }),
  /**
   * Answers a stop order with the proof that the engine's work for the action has ended. The ending of the action, or,
   * when the stop order found it already `finished` or `failed`, one more event after that.
   */
  Type.Object({
    kind: Type.Literal('stopped'),
    proof: Type.Enum(STOP_PROOFS),
    /** From reading the stop order to the proof. */
    stoppedWithinMs: Count(0),
    report: Type.Union([ScanReport, Type.Null()]),
  }),
])
export type AgentEvent = Static<typeof AgentEvent>

/** An action that the agent has in its journal. It leaves the list once it ended and its last event is acknowledged. */
export const OpenAction = Type.Object({
  ...ActionRef,
  /** Number of the newest event in the journal; 0 when there is none yet. */
  lastEvent: Count(0),
  /** True when the journal holds how the action ended. */
  ended: Type.Boolean(),
})
export type OpenAction = Static<typeof OpenAction>

/** Most files of a frame `quarantine`: the newest, where there are more. */
export const MAX_KEPT_FILES = 200

/** A file in the machine's quarantine, of which no scan and no task has told all. */
export const KeptFile = Type.Object({
  quarantineId: Guid,
  state: Type.Union([Type.Literal('quarantined'), Type.Literal('restored')]),
  /** True when somebody at the machine had it taken; else a scan or a task has told of it, or will. */
  byHand: Type.Boolean(),
  path: FilePath,
  threatName: Type.String({ minLength: 1, maxLength: 512 }),
  sha256: Type.Union([Sha256Text, Type.Null()]),
  sizeBytes: Count(0),
})
export type KeptFile = Static<typeof KeptFile>

export const AgentFrame = Type.Union([
  Type.Object({
    type: Type.Literal('hello'),
    tenant: Guid,
    machineId: MachineIdText,
    agentNonce: Nonce,
    bootId: Type.String({ minLength: 1, maxLength: 64 }),
    agentVersion: Type.String({ maxLength: 64 }),
    /** Over `signingInput('fleetsweep.agent.v1/connect', [serverNonce, serverId, agentNonce, machineId, bootId])`. */
    signature: Base64Text,
  }),
  /** Right after `welcome`, then every `heartbeatMs`, jittered. Lists every open action. */
  Type.Object({
    type: Type.Literal('heartbeat'),
    openActions: Type.Array(OpenAction, { maxItems: 500 }),
  }),
  Type.Object({ type: Type.Literal('inventory'), inventory: Inventory }),
  Type.Object({
    type: Type.Literal('event'),
    ...ActionRef,
    number: Count(1),
    event: AgentEvent,
  }),
  /**
   * Files that people at the machine had taken, and files that were given back, whoever asked for it. After the first
   * heartbeat of a connection, and with one whenever that has changed; never empty. Not acknowledged: the next
   * connection tells it again.
   */
  Type.Object({
    type: Type.Literal('quarantine'),
    files: Type.Array(KeptFile, { minItems: 1, maxItems: MAX_KEPT_FILES }),
  }),
  /** Not journaled; a lost one is made good by the next. */
  Type.Object({ type: Type.Literal('progress'), ...ActionRef, progress: ScanProgress }),
])
export type AgentFrame = Static<typeof AgentFrame>

export const ServerFrame = Type.Union([
  /** The first frame of every connection. An agent that is enrolled with another server hangs up without answering. */
  Type.Object({ type: Type.Literal('challenge'), nonce: Nonce, serverId: Guid }),
  Type.Object({
    type: Type.Literal('welcome'),
    heartbeatMs: Type.Integer({ minimum: 100 }),
    /**
     * The whole chain of order-signing keys; the agent follows it from the newest that it already trusts. One without
     * that key, or with a wrong signature after it, makes the agent hang up.
     */
    orderKeys: Type.Array(OrderKey, { minItems: 1, maxItems: 64 }),
    /** Absent from older servers. */
    settings: Type.Optional(SignedSettings),
  }),
  /**
   * Answers every heartbeat, in their order, within 20 s: what to do with each open action that it listed. Stops and
   * new orders follow as `order`. The agent sends no event on a connection before the first of these.
   */
  Type.Object({
    type: Type.Literal('reconciled'),
    actions: Type.Array(
      Type.Object({
        ...ActionRef,
        /** Events up to this number are on disk at the server; send the rest. */
        ackedEvent: Type.Integer({ minimum: 0 }),
        /**
         * `stop`: a signed stop order follows; this word alone stops nothing.
         * `forget`: the server does not know the action; drop it from the journal, and stop it if it runs.
         */
        verdict: Type.Union([Type.Literal('continue'), Type.Literal('stop'), Type.Literal('forget')]),
      }),
      { maxItems: 500 },
    ),
    /** There when they are others than those told last. */
    settings: Type.Optional(SignedSettings),
  }),
  Type.Object({ type: Type.Literal('ack'), ...ActionRef, number: Type.Integer({ minimum: 1 }) }),
  Type.Object({
    type: Type.Literal('order'),
    keyId: Guid,
    /** JSON of an `Order`; exactly this text is signed. */
    order: Type.String({ maxLength: 65_536 }),
    /** Over `signingInput('fleetsweep.agent.v1/order', [order])`. */
    signature: Base64Text,
  }),
])
export type ServerFrame = Static<typeof ServerFrame>
