import { formatBytes } from '@fleetsweep/client'
import type { MachineTask, QuarantinedFile, TaskVerb } from '@fleetsweep/protocol'
import { formatMoment } from './moment.ts'
import { renderTable } from './table.ts'

const WORDS: Readonly<Record<TaskVerb, string>> = {
  quarantine: 'quarantine',
  restore: 'restore',
  updateSignatures: 'update signatures',
}

/** Tasks as rows. */
export function renderMachineTasks(tasks: readonly MachineTask[]): string {
  return renderTable(
    [{ title: 'Task' }, { title: 'What' }, { title: 'Machine' }, { title: 'Status' }, { title: 'Outcome' }],
    tasks.map((task) => [
      task.id,
      WORDS[task.verb] ?? task.verb,
      task.computerDnsName,
      task.status,
      task.sentence ?? '–',
    ]),
  )
}

/** Files in quarantine as rows. */
export function renderQuarantine(files: readonly QuarantinedFile[]): string {
  return renderTable(
    [
      { title: 'File' },
      { title: 'State' },
      { title: 'Threat' },
      { title: 'Machine' },
      { title: 'Path' },
      { title: 'Size', align: 'right' },
      { title: 'Quarantined' },
    ],
    files.map((file) => [
      file.id,
      file.failure === null ? file.state : `${file.state}: ${file.failure}`,
      file.threatName,
      file.computerDnsName ?? file.machineId,
      file.path.text,
      formatBytes(file.sizeBytes),
      formatMoment(file.quarantinedAt),
    ]),
  )
}
