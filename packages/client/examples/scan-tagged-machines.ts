// Scans all machines that carry a tag, at most so many at a time: node scan-tagged-machines.ts lab 8
import { ClientError, type Machine, odata, safeText } from '@fleetsweep/client'
import { connect } from './connect.ts'

const [, , tag = '', atATime = '8'] = process.argv
const client = connect()
const machines = client.listMachines({ filter: odata`machineTags/any(t: t eq ${tag})` })

// Each worker takes the next machine of the one list when it is done with its last.
await Promise.all(
  Array.from({ length: Number(atATime) }, async () => {
    for await (const machine of machines) {
      console.log(`${safeText(machine.computerDnsName ?? machine.id)}: ${await scan(machine)}`)
    }
  }),
)

async function scan({ id }: Machine): Promise<string> {
  try {
    const comment = `Scan of all machines with the tag ${tag}`
    const requested = await client.runAntivirusScan(id, { scanType: 'Quick', comment })
    const action = await client.waitForMachineAction(requested.id)
    const { conclusion } = await client.getScan(action.id)
    return conclusion?.sentence ?? `${action.status}, ${action.troubleshootInfo}`
  } catch (error) {
    // Such as ActiveRequestAlreadyExists: another scan of this machine is under way. The others go on.
    if (!(error instanceof ClientError) || error.status === undefined) throw error
    return `not scanned: ${error.code}, ${error.message}`
  }
}
