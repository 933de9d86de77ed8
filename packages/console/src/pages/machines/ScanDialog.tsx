import { safeText } from '@fleetsweep/client'
import { type Machine, readScanType } from '@fleetsweep/protocol'
import { Field, Radio, RadioGroup, Textarea } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Asked } from '../../components/DialogHost.tsx'
import { FormDialog } from '../../components/FormDialog.tsx'
import { useRunScan } from '../../queries/machines.ts'
import { checkScanForm, type ScanForm } from './scan-form.ts'

/** Asks for the kind of scan and the reason, requests it, and goes to its page. */
export function ScanDialog({ machine, open, onClose }: { machine: Machine } & Asked) {
  const navigate = useNavigate()
  const run = useRunScan()
  const [form, setForm] = useState<ScanForm>({ scanType: 'Quick', comment: '' })
  const [checked, setChecked] = useState(false)
  const problem = checked ? checkScanForm(form).comment : undefined

  function request() {
    setChecked(true)
    if (Object.keys(checkScanForm(form)).length > 0) return
    const { scanType, comment } = form
    run.mutate(
      { machineId: machine.id, scanType, comment: comment.trim() },
      {
        onSuccess: ({ id }) => {
          onClose()
          void navigate({ to: '/actions/$actionId', params: { actionId: id } })
        },
      },
    )
  }

  return (
    <FormDialog
      open={open}
      title={`Scan ${safeText(machine.computerDnsName ?? machine.id)}`}
      confirm={run.isPending ? 'Requesting…' : 'Request scan'}
      busy={run.isPending}
      error={run.error}
      onConfirm={request}
      onClose={onClose}
    >
      <Field label="Scan type">
        <RadioGroup
          value={form.scanType}
          onChange={(_, { value }) => setForm({ ...form, scanType: readScanType(value) ?? 'Quick' })}
        >
          <Radio
            value="Quick"
            label="Quick: running programs, start-up places, temporary and download folders"
          />
          <Radio value="Full" label="Full: that, and then every file on local disks" />
        </RadioGroup>
      </Field>
      <Field
        label="Comment"
        required
        validationState={problem === undefined ? 'none' : 'error'}
        validationMessage={problem ?? null}
      >
        <Textarea value={form.comment} onChange={(_, { value }) => setForm({ ...form, comment: value })} />
      </Field>
    </FormDialog>
  )
}
