import { safeText } from '@fleetsweep/client'
import { type Machine, SCAN_TYPES, type ScanType } from '@fleetsweep/protocol'
import { Checkbox, Field, Radio, RadioGroup, Textarea } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Asked } from '../../components/DialogHost.tsx'
import { FormDialog } from '../../components/FormDialog.tsx'
import { fieldError } from '../../components/field-error.ts'
import { useRequestScan } from '../../queries/machines.ts'
import { checkScanForm, type ScanForm, scanRequestOf } from './scan-form.ts'

const TYPE_WORDS: Record<ScanType, string> = {
  Quick: 'Quick: running programs, start-up places, temporary and download folders',
  Full: 'Full: that, and then every file on local disks',
  Custom: 'Custom: folders and files of your choice',
}

/** Asks for the kind of scan and the reason, requests it, and goes to its page. */
export function ScanDialog({ machine, open, onClose }: { machine: Machine } & Asked) {
  const navigate = useNavigate()
  const request = useRequestScan(machine.id)
  const [form, setForm] = useState<ScanForm>({ scanType: 'Quick', paths: '', rescan: false, comment: '' })
  const [checked, setChecked] = useState(false)
  const problems = checked ? checkScanForm(form) : {}
  const change = (part: Partial<ScanForm>) => setForm({ ...form, ...part })

  function onConfirm() {
    setChecked(true)
    if (Object.keys(checkScanForm(form)).length > 0) return
    request.mutate(scanRequestOf(form), {
      onSuccess: ({ actionId }) => {
        onClose()
        void navigate({ to: '/actions/$actionId', params: { actionId } })
      },
    })
  }

  return (
    <FormDialog
      open={open}
      title={`Scan ${safeText(machine.computerDnsName ?? machine.id)}`}
      confirm={request.isPending ? 'Requesting…' : 'Request scan'}
      busy={request.isPending}
      error={request.error}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <Field label="Scan type">
        <RadioGroup
          value={form.scanType}
          onChange={(_, { value }) =>
            change({ scanType: SCAN_TYPES.find((type) => type === value) ?? 'Quick' })
          }
        >
          {Object.entries(TYPE_WORDS).map(([value, label]) => (
            <Radio key={value} value={value} label={label} />
          ))}
        </RadioGroup>
      </Field>
      {form.scanType === 'Custom' && (
        <Field
          label="Paths"
          required
          hint="One in each line, from the root on. This takes a permission of its own: Scan.Run.Custom."
          {...fieldError(problems.paths)}
        >
          <Textarea
            value={form.paths}
            placeholder="/srv/upload"
            spellCheck={false}
            onChange={(_, { value }) => change({ paths: value })}
          />
        </Field>
      )}
      <Checkbox
        label="Read every file again, also those known not to have changed"
        checked={form.rescan}
        onChange={(_, { checked: rescan }) => change({ rescan: rescan === true })}
      />
      <Field label="Comment" required {...fieldError(problems.comment)}>
        <Textarea value={form.comment} onChange={(_, { value }) => change({ comment: value })} />
      </Field>
    </FormDialog>
  )
}
