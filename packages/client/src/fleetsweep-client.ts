import {
  Alert,
  type AlertChange,
  AuditVerification,
  CreatedEnrollmentToken,
  type CreateEnrollmentTokenBody,
  DeviceAvInfo,
  type DeviceValue,
  EnrollmentToken,
  FleetAuditEntry,
  FleetDetection,
  MAX_ENGINES_ASKED,
  Machine,
  MachineAction,
  type MachineEngine,
  MachineEngineList,
  type NotedHead,
  RequestedScan,
  type RequestScanBody,
  Scan,
  type ScanType,
  type TagAction,
  type UpdateMachineBody,
  writeNotedHead,
} from '@fleetsweep/protocol'
import { type Static, type TSchema, Type } from 'typebox'
import { AccessClient } from './access-client.ts'
import { ApplicationClient } from './application-client.ts'
import { ClientError } from './client-error.ts'
import { type ClientRuntime, platformRuntime } from './client-runtime.ts'
import { type WatchedEvent, watchEvents } from './event-stream.ts'
import { HttpConnection, type RetryLimits } from './http-connection.ts'
import { MachineTaskClient } from './machine-task-client.ts'
import { type ListOptions, readCursorList, readODataList } from './pages.ts'
import { QuarantineClient } from './quarantine-client.ts'
import type { TokenSource } from './sign-in/token-source.ts'
import { type WaitOptions, waitForMachineAction } from './wait-for-machine-action.ts'
import { WebhookClient } from './webhook-client.ts'

export type ClientOptions = {
  /** Origin of the server, such as `https://fleetsweep.example`. */
  baseUrl: string
  tokens: TokenSource
  runtime?: ClientRuntime
  /** 3 further attempts, and pauses of up to a minute, when absent. */
  retry?: RetryLimits
  /**
   * How long one attempt may take until its answer is read, a minute when absent. Streams of events are not bound by it,
   * and an answer that the server was asked to hold has so much longer.
   */
  timeoutMs?: number
}

export type { ListOptions, RetryLimits, WaitOptions }

type Signalled = { signal?: AbortSignal }

/**
 * Both APIs of a server, typed. Answers are checked against the protocol's schemas.
 *
 * Every method throws `ClientError`. A call that was refused with 429 or 503 is repeated after the pause that the
 * server asks for, within `retry`; one without an answer is repeated only where it reads.
 *
 * Answers of a newer server are read, too: their types say what this version knows, so a word such as a status may be
 * one that is not listed, and members may be there that are not named.
 */
export class FleetsweepClient {
  /** The server that it calls. */
  readonly baseUrl: string
  /** People, user groups, roles and device groups. */
  readonly access: AccessClient
  /** Programs that call this server, with their credentials. */
  readonly applications: ApplicationClient
  /** What machines are asked for beside scans. */
  readonly machineTasks: MachineTaskClient
  /** Files that machines keep where nothing can run them. */
  readonly quarantine: QuarantineClient
  /** Who is told of what happens. */
  readonly webhooks: WebhookClient
  readonly #connection: HttpConnection

  constructor({ baseUrl, tokens, runtime = platformRuntime(), ...given }: ClientOptions) {
    const { retry = DEFAULT_RETRY, timeoutMs = DEFAULT_TIMEOUT_MS } = given
    this.baseUrl = baseUrl
    this.#connection = new HttpConnection(baseUrl, tokens, runtime, { retry, timeoutMs })
    this.access = new AccessClient(this.#connection)
    this.applications = new ApplicationClient(this.#connection)
    this.machineTasks = new MachineTaskClient(this.#connection)
    this.quarantine = new QuarantineClient(this.#connection)
    this.webhooks = new WebhookClient(this.#connection)
  }

  /**
   * Asks a machine to run an antivirus scan and returns the action, usually still `Pending`.
   *
   * @param idOrName as of `addMachineTag`
   */
  runAntivirusScan(
    idOrName: string,
    scan: { scanType: ScanType; comment: string; externalId?: string },
    { signal }: Signalled = {},
  ): Promise<MachineAction> {
    const body = {
      Comment: scan.comment,
      ScanType: scan.scanType,
      ...(scan.externalId !== undefined && { ExternalId: scan.externalId }),
    }
    const path = machinePath(idOrName, 'runAntiVirusScan')
    return this.#connection.call({ method: 'POST', path, body, signal }, MachineAction)
  }

  /**
   * Asks a machine for a scan of any type, also of chosen paths or of every file anew.
   *
   * @param idOrName as of `addMachineTag`
   * @param options.idempotencyKey the same one for the same scan: a call without an answer is then repeated, and
   *   whatever was started is not started again for a day
   */
  requestScan(
    idOrName: string,
    scan: RequestScanBody,
    { idempotencyKey, signal }: { idempotencyKey?: string } & Signalled = {},
  ): Promise<RequestedScan> {
    const path = `/fleet/v1/machines/${encodeURIComponent(idOrName)}/scans`
    return this.#connection.call({ method: 'POST', path, body: scan, idempotencyKey, signal }, RequestedScan)
  }

  getMachineAction(id: string, { signal }: Signalled = {}): Promise<MachineAction> {
    return this.#read(`/api/machineactions/${encodeURIComponent(id)}`, MachineAction, signal)
  }

  /**
   * The same action from the Fleet API, which can hold the answer until the action has ended.
   *
   * @param waitSeconds at most so long, up to 300; what stands then is the answer
   */
  getFleetMachineAction(
    id: string,
    { waitSeconds, signal }: { waitSeconds?: number } & Signalled = {},
  ): Promise<MachineAction> {
    const held = waitSeconds === undefined ? '' : `?wait=${waitSeconds}`
    const path = `/fleet/v1/machineActions/${encodeURIComponent(id)}${held}`
    const heldMs = (waitSeconds ?? 0) * 1_000
    return this.#connection.call({ method: 'GET', path, heldMs, signal }, MachineAction)
  }

  /** Newest first where no order is asked for. */
  listMachineActions(options: ListOptions = {}): AsyncGenerator<MachineAction, void, undefined> {
    return readODataList(this.#connection, '/api/machineactions', MachineAction, options)
  }

  /** Ends an action at once; that its machine stops the work follows, and shows in the scan's `stop`. */
  cancelMachineAction(id: string, comment?: string, { signal }: Signalled = {}): Promise<MachineAction> {
    const body = comment === undefined ? {} : { Comment: comment }
    const path = `/api/machineactions/${encodeURIComponent(id)}/cancel`
    return this.#connection.call({ method: 'POST', path, body, signal }, MachineAction)
  }

  listMachines(options: ListOptions = {}): AsyncGenerator<Machine, void, undefined> {
    return readODataList(this.#connection, '/api/machines', Machine, options)
  }

  /** The antivirus of machines: engine, signatures, last scans. */
  listDeviceAvInfo(options: ListOptions = {}): AsyncGenerator<DeviceAvInfo, void, undefined> {
    return readODataList(this.#connection, '/api/deviceavinfo', DeviceAvInfo, options)
  }

  /**
   * What machines scan with and how good their signatures are, by their ids; those that are unknown or out of reach are
   * left out. Any number may be asked about, one call for each 200.
   */
  async listEngines(machineIds: readonly string[], { signal }: Signalled = {}): Promise<MachineEngine[]> {
    const engines: MachineEngine[] = []
    for (let at = 0; at < machineIds.length; at += MAX_ENGINES_ASKED) {
      const some = machineIds.slice(at, at + MAX_ENGINES_ASKED)
      const path = `/fleet/v1/engines?machineIds=${some.map(encodeURIComponent).join(',')}`
      engines.push(...(await this.#read(path, MachineEngineList, signal)).items)
    }
    return engines
  }

  /** @param idOrName machine id, computer name or Entra device id; of machines that share a name, the one heard of last */
  getMachine(idOrName: string, { signal }: Signalled = {}): Promise<Machine> {
    return this.#read(machinePath(idOrName), Machine, signal)
  }

  /**
   * Machines that had an internal address within 15 minutes of a moment.
   *
   * @param at ISO 8601, at most 30 days ago
   */
  findMachinesByIp(
    ip: string,
    at: string,
    options: ListOptions = {},
  ): AsyncGenerator<Machine, void, undefined> {
    const [address, timestamp] = [ip.replaceAll("'", "''"), at].map(encodeURIComponent)
    const path = `/api/machines/findbyip(ip='${address}',timestamp=${timestamp})`
    return readODataList(this.#connection, path, Machine, options)
  }

  /** Machines with a tag, or with `startsWith` one that begins so; compared without case. */
  findMachinesByTag(
    tag: string,
    { startsWith = false, ...options }: ListOptions & { startsWith?: boolean } = {},
  ): AsyncGenerator<Machine, void, undefined> {
    const query = new URLSearchParams({ tag, useStartsWithFilter: String(startsWith) })
    return readODataList(this.#connection, `/api/machines/findbytag?${query}`, Machine, options)
  }

  /** @param idOrName as of `getMachine`, but a name that several machines bear is refused */
  addMachineTag(idOrName: string, tag: string, { signal }: Signalled = {}): Promise<Machine> {
    return this.#change('POST', machinePath(idOrName, 'tags'), { Value: tag, Action: 'Add' }, signal)
  }

  /** One that is not there is no mistake. @param idOrName as of `addMachineTag` */
  removeMachineTag(idOrName: string, tag: string, { signal }: Signalled = {}): Promise<Machine> {
    return this.#change('POST', machinePath(idOrName, 'tags'), { Value: tag, Action: 'Remove' }, signal)
  }

  /** Adds or removes a tag of up to 500 machines, named as of `addMachineTag`: of all of them, or of none. */
  async tagMachines(
    action: TagAction,
    tag: string,
    idsOrNames: readonly string[],
    { signal }: Signalled = {},
  ): Promise<Machine[]> {
    const body = { Value: tag, Action: action, MachineIds: idsOrNames }
    const path = '/api/machines/AddOrRemoveTagForMultipleMachines'
    return (await this.#connection.call({ method: 'POST', path, body, signal }, MachineList)).value
  }

  /** Says how much a machine matters. @param idOrName as of `addMachineTag` */
  setDeviceValue(idOrName: string, value: DeviceValue, { signal }: Signalled = {}): Promise<Machine> {
    return this.#change('POST', machinePath(idOrName, 'setDeviceValue'), { DeviceValue: value }, signal)
  }

  /** Replaces all tags, sets the value, or both. @param idOrName as of `addMachineTag` */
  updateMachine(idOrName: string, change: UpdateMachineBody, { signal }: Signalled = {}): Promise<Machine> {
    return this.#change('PATCH', machinePath(idOrName), change, signal)
  }

  /**
   * Newest first where no order is asked for.
   *
   * @param options.machine only of this machine, by its id or name
   * @param options.expandEvidence with where each threat was found; without it `evidence` is empty
   */
  listAlerts({
    machine,
    expandEvidence = false,
    ...options
  }: ListOptions & { machine?: string; expandEvidence?: boolean } = {}): AsyncGenerator<
    Alert,
    void,
    undefined
  > {
    const path = machine === undefined ? '/api/alerts' : machinePath(machine, 'alerts')
    return readODataList(this.#connection, path, Alert, {
      ...options,
      ...(expandEvidence && { expand: 'evidence' }),
    })
  }

  /** With its evidence. */
  getAlert(id: string, { signal }: Signalled = {}): Promise<Alert> {
    return this.#read(`/api/alerts/${encodeURIComponent(id)}`, Alert, signal)
  }

  /** Changes an alert; while one is `Resolved`, the next detection of its threat opens another one. */
  updateAlert(id: string, change: AlertChange, { signal }: Signalled = {}): Promise<Alert> {
    const path = `/api/alerts/${encodeURIComponent(id)}`
    return this.#connection.call({ method: 'PATCH', path, body: change, signal }, Alert)
  }

  /** What a machine action cannot say: progress, coverage, detections, how it stopped. */
  getScan(actionId: string, { signal }: Signalled = {}): Promise<Scan> {
    return this.#read(`/fleet/v1/scans/${encodeURIComponent(actionId)}`, Scan, signal)
  }

  /**
   * Every file that a scan left out: a gzip file of JSON lines (`NotScannedFile`), as the machine sent it. Unpack it with
   * a limit. `ResourceNotFound` where there is none, or not yet.
   */
  async openNotScanned(
    actionId: string,
    { signal }: Signalled = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const path = `/fleet/v1/scans/${encodeURIComponent(actionId)}/not-scanned`
    const { body } = await this.#connection.open({ method: 'GET', path, accept: '*/*', signal })
    if (body === null) throw new ClientError('BadAnswer', 'The list came without a body')
    return body
  }

  listDetections(
    only: { actionId?: string; machineId?: string } = {},
    { signal }: Signalled = {},
  ): AsyncGenerator<FleetDetection, void, undefined> {
    return readCursorList(this.#connection, '/fleet/v1/detections', FleetDetection, only, signal)
  }

  /** Who changed what, newest first; moments as ISO 8601, `from` inclusive and `to` exclusive. */
  listAudit(
    only: { principal?: string; operation?: string; target?: string; from?: string; to?: string } = {},
    { signal }: Signalled = {},
  ): AsyncGenerator<FleetAuditEntry, void, undefined> {
    return readCursorList(this.#connection, '/fleet/v1/audit', FleetAuditEntry, only, signal)
  }

  /**
   * Checks the audit's chain; reads all of it, so it takes a while where there is much.
   *
   * @param noted a head that was written down earlier, which must still be part of the chain
   */
  verifyAudit(noted?: NotedHead, { signal }: Signalled = {}): Promise<AuditVerification> {
    const query = noted === undefined ? '' : `?head=${writeNotedHead(noted)}`
    return this.#read(`/fleet/v1/audit/verification${query}`, AuditVerification, signal)
  }

  /** The answer is the only time that the token itself is shown. */
  createEnrollmentToken(
    body: CreateEnrollmentTokenBody,
    { signal }: Signalled = {},
  ): Promise<CreatedEnrollmentToken> {
    return this.#connection.call({ method: 'POST', path: TOKENS, body, signal }, CreatedEnrollmentToken)
  }

  listEnrollmentTokens({ signal }: Signalled = {}): AsyncGenerator<EnrollmentToken, void, undefined> {
    return readCursorList(this.#connection, TOKENS, EnrollmentToken, {}, signal)
  }

  revokeEnrollmentToken(id: string, { signal }: Signalled = {}): Promise<void> {
    return this.#delete(`${TOKENS}/${encodeURIComponent(id)}`, signal)
  }

  /** Live changes of machine actions and scans, until the signal is aborted; connects again by itself. */
  watchEvents({ signal }: Signalled = {}): AsyncGenerator<WatchedEvent, void, undefined> {
    return watchEvents(this.#connection, signal)
  }

  /** Resolves with the action once its status is final. */
  waitForMachineAction(id: string, options: WaitOptions = {}): Promise<MachineAction> {
    return waitForMachineAction(this, this.#connection.runtime.clock, id, options)
  }

  #read<S extends TSchema>(path: string, schema: S, signal: AbortSignal | undefined): Promise<Static<S>> {
    return this.#connection.call({ method: 'GET', path, signal }, schema)
  }

  #change(
    method: 'POST' | 'PATCH',
    path: string,
    body: object,
    signal: AbortSignal | undefined,
  ): Promise<Machine> {
    return this.#connection.call({ method, path, body, signal }, Machine)
  }

  #delete(path: string, signal: AbortSignal | undefined): Promise<void> {
    return this.#connection.do({ method: 'DELETE', path, signal })
  }
}

const DEFAULT_RETRY: RetryLimits = { attempts: 3, longestPauseMs: 60_000 }
const DEFAULT_TIMEOUT_MS = 60_000
const TOKENS = '/fleet/v1/enrollmentTokens'
const MachineList = Type.Object({ value: Type.Array(Machine) })

function machinePath(...parts: string[]): string {
  return ['/api/machines', ...parts.map(encodeURIComponent)].join('/')
}
