import { CA_PATH, type Clock, MICROSECONDS_PER_MS } from '@fleetsweep/protocol'
import { type HttpAnswer, sendHttpRequest } from '../enrollment/http-request.ts'
import type { Identity } from '../enrollment/identity.ts'
import { fail, messageOf, pass, type Result, warn } from './finding.ts'

/** Hours of scan windows and the age of signatures go by the machine's clock. */
const CLOCK_OFF_MS = 120_000
const MS_PER_DAY = 86_400_000
const CERTIFICATE_ENDS_SOON_DAYS = 14

export type ServerFindings = { server: Result[]; clock: Result[] }

/**
 * The server answers, its certificate is good, and its clock is that of this machine.
 *
 * @param identity `undefined` for a machine that is not enrolled, which has no server to ask
 */
export async function checkServer(identity: Identity | undefined, clock: Clock): Promise<ServerFindings> {
  if (identity === undefined) return { server: [], clock: [] }
  const { serverUrl, caPem, insecureHttp } = identity
  const before = clock.now()
  let answer: HttpAnswer
  try {
    answer = await sendHttpRequest({
      method: 'GET',
      url: new URL(CA_PATH, serverUrl),
      caPem: caPem ?? undefined,
      maxAnswerBytes: 64 * 1024,
    })
  } catch (error) {
    const todo =
      'Look at name, network, firewall and certificate. Scans asked for on this machine work all the same.'
    return { server: [fail(messageOf(error), todo)], clock: [] }
  }
  const nowMs = (before + (clock.now() - before) / 2) / MICROSECONDS_PER_MS
  return { server: [...tls(answer, nowMs, insecureHttp), reached(identity)], clock: clockOf(answer, nowMs) }
}

function reached({ serverUrl, caPem }: Identity): Result {
  if (!serverUrl.startsWith('https:')) return pass(`${serverUrl} answers.`)
  const authority =
    caPem === null ? 'an authority that this system trusts' : 'the authority of its enrollment'
  return pass(`${serverUrl} answers; ${authority} vouches for it.`)
}

function tls({ certificateEndsAtMs }: HttpAnswer, nowMs: number, insecureHttp: boolean): Result[] {
  if (insecureHttp)
    return [
      warn(
        'Everybody on the way to the server can read along.',
        'Give the server a certificate, and enroll again.',
      ),
    ]
  if (certificateEndsAtMs === undefined || Number.isNaN(certificateEndsAtMs)) return []
  const days = Math.floor((certificateEndsAtMs - nowMs) / MS_PER_DAY)
  if (days >= CERTIFICATE_ENDS_SOON_DAYS) return []
  return [
    warn(
      `The certificate of the server ends in ${days} days.`,
      'Renew it; where Fleetsweep made it, restart the server.',
    ),
  ]
}

/** The answer tells whole seconds. */
function clockOf({ date }: HttpAnswer, nowMs: number): Result[] {
  const serverMs = Date.parse(date ?? '')
  if (Number.isNaN(serverMs)) return []
  const offMs = nowMs - serverMs
  const words = `${Math.round(Math.abs(offMs) / 1_000)} s ${offMs > 0 ? 'ahead of' : 'behind'}`
  if (Math.abs(offMs) < CLOCK_OFF_MS)
    return [pass(`As that of the server, within ${Math.ceil(Math.abs(offMs) / 1_000) + 1} s.`)]
  return [
    warn(
      `The clock of this machine is ${words} that of the server.`,
      'Set it, and let something like chrony or systemd-timesyncd keep it: windows, signature age and certificates go by it.',
    ),
  ]
}
