// Lists what the last scan of a machine left out, and why: node list-files-not-scanned.ts lab-01.example
import { countOf, NOT_SCANNED_REASONS, NOT_SCANNED_WORDS, odata } from '@fleetsweep/client'
import { connect } from './connect.ts'

const client = connect()
const machine = await client.getMachine(process.argv[2] ?? '')
const filter = odata`machineId eq ${machine.id} and type eq 'RunAntiVirusScan' and status eq 'Succeeded'`
for await (const { id } of client.listMachineActions({ filter, limit: 1 })) {
  const { report } = await client.getScan(id)
  // An engine that walks by itself does not tell.
  if (!report?.coverage) continue
  for (const reason of NOT_SCANNED_REASONS) {
    const { files } = report.coverage.notScanned[reason]
    if (files > 0) console.log(`${countOf(files, 'file')}: ${NOT_SCANNED_WORDS[reason]}`)
    // At most 100 of each reason are named.
    for (const sample of report.notScannedSamples) {
      if (sample.reason === reason) console.log(`  ${sample.path.text} ${sample.detail ?? ''}`)
    }
  }
  for (const { path, detail } of report.directoriesUnreadable) console.log(`folder ${path.text}: ${detail}`)
  console.log(`${countOf(report.coverage.met.files, 'file')} met in all`)
}
