import type { DeviceAvInfo, ODataFilter } from '@fleetsweep/protocol'
import { type Command, noArguments, textOption, wholeOption } from '../command.ts'
import { collect } from '../list-output.ts'
import { formatMoment } from '../render/moment.ts'
import { renderTable } from '../render/table.ts'

export const antivirus: Command = {
  name: 'antivirus',
  args: '',
  summary: 'List the engine, signatures and last scans of machines',
  options: {
    name: { type: 'string', value: 'beginning', help: 'only machines whose name begins so' },
    outdated: {
      type: 'boolean',
      help: 'only machines whose signatures are not known to be official and in date',
    },
    limit: { type: 'string', value: 'n', help: 'at most so many' },
  },
  async run({ io, client, args, options, json }) {
    noArguments(args)
    const limit = wholeOption(options, 'limit', { min: 1, max: 1_000_000 })
    const filter = filterOf(textOption(options, 'name'), options.outdated === true)
    const list = await collect(
      client.listDeviceAvInfo({ ...(filter && { filter }), ...(limit && { limit }), signal: io.signal }),
    )
    if (json) io.out(`${JSON.stringify(list, null, 2)}\n`)
    else if (list.length === 0) {
      io.err(
        filter
          ? 'No such machines within your reach. See all with: fleetsweep antivirus\n'
          : 'No machines. Enroll one with a token from: fleetsweep tokens create\n',
      )
    } else {
      io.out(
        renderTable(
          ['Name', 'Engine', 'Signatures', 'Built', 'In date', 'Last quick scan', 'Last full scan'].map(
            (title) => ({ title }),
          ),
          list.map((info) => [
            info.computerDnsName ?? info.machineId,
            // "2" is the API's word for an engine that is not there.
            info.avMode === '2' ? 'none' : `${info.avEngineVersion ?? '–'}${MODE_WORDS[info.avMode] ?? ''}`,
            info.avSignatureVersion ?? '–',
            info.avSignaturePublishTime === null ? '–' : formatMoment(info.avSignaturePublishTime),
            IN_DATE[info.avIsSignatureUpToDate],
            lastScan(info.quickScanResult, info.quickScanTime),
            lastScan(info.fullScanResult, info.fullScanTime),
          ]),
        ),
      )
    }
    return 0
  },
}

/** Of an engine that scans, and leaves what it finds to another. */
const MODE_WORDS: Readonly<Record<string, string>> = {
  '1': ' (passive)',
  '4': ' (EDR block)',
  '5': ' (passive)',
}

const IN_DATE: Record<DeviceAvInfo['avIsSignatureUpToDate'], string> = {
  True: 'yes',
  False: 'no',
  Unknown: 'unknown',
}

function lastScan(result: DeviceAvInfo['quickScanResult'], endedAt: string | null): string {
  return result === '' || endedAt === null ? 'never' : `${result} ${formatMoment(endedAt)}`
}

function filterOf(name: string | undefined, isOutdated: boolean): ODataFilter | undefined {
  const filters: ODataFilter[] = []
  if (name !== undefined) {
    filters.push({ kind: 'match', function: 'startswith', field: 'computerDnsName', value: name })
  }
  if (isOutdated) {
    const value = { kind: 'string', value: 'True' } as const
    filters.push({ kind: 'compare', field: 'avIsSignatureUpToDate', operator: 'ne', value })
  }
  return filters.length > 1 ? { kind: 'and', operands: filters } : filters[0]
}
