import { DeviceAvInfo } from '@fleetsweep/protocol'
import { ListOf, listAnswer, readListQuery } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import { type AntivirusInfoService, showAntivirusInfo } from '../index.ts'

type Services = { antivirusInfo: AntivirusInfoService }

const READ = {
  access: { permission: ['Machine.Read.All'], role: ['ViewData'], reach: 'machines' },
  callClass: 'antivirusInfo',
} as const

/**
 * The antivirus of every machine, at the path that works at Microsoft and at the one that its overview prints.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/device-health-export-antivirus-health-report-api
 */
export const antivirusInfoOperations = {
  listDeviceAvInfo: listAntivirusInfo('deviceavinfo'),
  countDeviceAvInfo: countAntivirusInfo('deviceavinfo'),
  listAvDevicesHealth: listAntivirusInfo('public/avdeviceshealth'),
  countAvDevicesHealth: countAntivirusInfo('public/avdeviceshealth'),
}

function listAntivirusInfo(path: string) {
  return operation({
    route: `GET /api/${path}`,
    summary: 'List the antivirus engine, its signatures and the last scans of machines',
    ...READ,
    answers: { 200: ListOf(DeviceAvInfo) },
    handle: async (request, { antivirusInfo }: Services) => {
      const query = readListQuery(request.search)
      const { entries, now, ...page } = await antivirusInfo.list(request.principal, query)
      return listAnswer(request, 'DeviceAvInfo', {
        value: entries.map((entry) => showAntivirusInfo(entry, now)),
        query,
        ...page,
      })
    },
  })
}

function countAntivirusInfo(path: string) {
  return operation({
    route: `GET /api/${path}/$count`,
    summary: 'Count machines by their antivirus',
    ...READ,
    answers: { 200: 'text/plain; charset=utf-8' },
    handle: async ({ principal, search }, { antivirusInfo }: Services) =>
      String(await antivirusInfo.count(principal, readListQuery(search))),
  })
}
