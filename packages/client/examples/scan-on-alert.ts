// Follows new alerts, and has each machine that one is about scanned in full: node scan-on-alert.ts 2026-11-25T08:00Z
import { setTimeout } from 'node:timers/promises'
import { type Alert, ClientError, odata } from '@fleetsweep/client'
import { connect } from './connect.ts'

const LOOK_EVERY_MS = 60_000
// A full scan finds more than was known, and so makes alerts of its own: without a pause it would go on for ever.
const PAUSE_MS = 24 * 3_600_000

const client = connect()
let since = process.argv[2] ?? new Date().toISOString()
for (;;) {
  const filter = `alertCreationTime gt ${since}`
  for await (const alert of client.listAlerts({ filter, orderBy: 'alertCreationTime' })) {
    console.log(`${alert.id}: ${await answer(alert)}`)
    since = alert.alertCreationTime
  }
  await setTimeout(LOOK_EVERY_MS)
}

async function answer({ id, machineId }: Alert): Promise<string> {
  // What the server knows also holds after a restart, and where this runs twice.
  if (await wasScannedLately(machineId)) return 'its machine was scanned in full lately'
  try {
    const comment = `Check machine for viruses due to alert ${id}`
    const action = await client.runAntivirusScan(machineId, { scanType: 'Full', comment, externalId: id })
    return `asked for scan ${action.id}`
  } catch (error) {
    if (!(error instanceof ClientError) || error.status !== 400) throw error
    return `no scan: ${error.code}, ${error.message}`
  }
}

async function wasScannedLately(machineId: string): Promise<boolean> {
  const from = new Date(Date.now() - PAUSE_MS)
  const filter = odata`machineId eq ${machineId} and creationDateTimeUtc gt ${from}`
  for await (const { scope } of client.listMachineActions({ filter })) if (scope === 'Full') return true
  return false
}
