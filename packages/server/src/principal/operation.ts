import { operationFor } from '../kit/http/index.ts'
import type { Principal } from './principal.ts'

/**
 * Declares a route: who may call it, what it takes and answers, and what it does. The services that `handle` names in
 * its second parameter are the ones that the server must be built with.
 *
 * @example
 * export const getMachine = operation({
 *   route: 'GET /api/machines/:machineId',
 *   summary: 'Get a machine',
 *   access: { permission: ['Machine.Read.All'], reach: 'machine' },
 *   answers: { 200: Machine },
 *   handle: ({ params, principal }, { machines }: { machines: MachineService }) =>
 *     machines.getMachine(principal, params.machineId),
 * })
 */
export const operation = operationFor<Principal>()
