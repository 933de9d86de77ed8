// Scans one machine, shows how far it is, and says what came of it: node scan-one-machine.ts lab-01.example
import { describeProgress, safeText } from '@fleetsweep/client'
import { connect } from './connect.ts'

const client = connect()
const machine = await client.getMachine(process.argv[2] ?? '')
const requested = await client.runAntivirusScan(machine.id, {
  scanType: 'Quick',
  comment: 'Asked for by scan-one-machine.ts',
})
const action = await client.waitForMachineAction(requested.id, {
  signal: AbortSignal.timeout(30 * 60_000),
  onAction: ({ status }) => console.error(status),
  onProgress: (progress) => console.error(describeProgress(progress)),
})

const scan = await client.getScan(action.id)
console.log(
  `${safeText(machine.computerDnsName ?? machine.id)}: ${scan.conclusion?.sentence ?? action.troubleshootInfo}`,
)
for (const { threatName, path } of scan.detections) console.log(`  ${safeText(threatName)} in ${path.text}`)
process.exitCode = action.status === 'Succeeded' && scan.detections.length === 0 ? 0 : 1
