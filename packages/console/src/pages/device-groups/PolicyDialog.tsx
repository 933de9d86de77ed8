import { safeText } from '@fleetsweep/client'
import type { NamedScanPolicy } from '@fleetsweep/protocol'
import { Button, Field, Input, Radio, RadioGroup, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import type { Asked } from '../../components/DialogHost.tsx'
import { FormDialog } from '../../components/FormDialog.tsx'
import { fieldError } from '../../components/field-error.ts'
import { useChangeScanPolicy } from '../../queries/scan-policies.ts'
import { checkPolicyForm, type PolicyForm, policyChangeOf, policyFormOf } from './policy-form.ts'
import { WindowFields } from './WindowFields.tsx'

/** Changes how the machines of a device group are scanned, or puts the defaults back. */
export function PolicyDialog({ policy, open, onClose }: { policy: NamedScanPolicy } & Asked) {
  const save = useChangeScanPolicy(policy.deviceGroupId)
  const [form, setForm] = useState<PolicyForm>(() => policyFormOf(policy))
  const [checked, setChecked] = useState(false)
  const problems = checked ? checkPolicyForm(form) : {}
  const change = (part: Partial<PolicyForm>) => setForm({ ...form, ...part })

  function onConfirm() {
    setChecked(true)
    if (Object.keys(checkPolicyForm(form)).length > 0) return
    const wanted = policyChangeOf(form, policy)
    if (Object.keys(wanted).length === 0) onClose()
    else save.mutate(wanted, { onSuccess: onClose })
  }

  return (
    <FormDialog
      open={open}
      title={`Scan policy of ${safeText(policy.deviceGroupName)}`}
      confirm={save.isPending ? 'Saving…' : 'Save'}
      busy={save.isPending}
      error={save.error}
      onConfirm={onConfirm}
      onClose={onClose}
      otherAction={
        policy.changedAt !== null && (
          <Button
            disabledFocusable={save.isPending}
            onClick={() => save.mutate('defaults', { onSuccess: onClose })}
          >
            Put the defaults back
          </Button>
        )
      }
    >
      <Field
        label="CPU at most"
        hint="Percent of all cores together, while a scan works."
        {...fieldError(problems.cpu)}
      >
        <Input
          value={form.cpu}
          inputMode="numeric"
          contentAfter="%"
          onChange={(_, { value }) => change({ cpu: value })}
        />
      </Field>
      <WindowFields
        windows={form.windows}
        problems={problems.windows}
        onChange={(windows) => change({ windows })}
      />
      <Field
        label="Exclusions"
        hint="Folders and files that are not opened, one in each line, from the root on. Without wildcards."
        {...fieldError(problems.exclusions)}
      >
        <Textarea
          value={form.exclusions}
          spellCheck={false}
          resize="vertical"
          onChange={(_, { value }) => change({ exclusions: value })}
        />
      </Field>
      <Field label="Found files">
        <RadioGroup
          value={form.onDetection}
          onChange={(_, { value }) =>
            change({ onDetection: value === 'quarantine' ? 'quarantine' : 'report' })
          }
        >
          <Radio value="report" label="are reported" />
          <Radio value="quarantine" label="go into quarantine" />
        </RadioGroup>
      </Field>
    </FormDialog>
  )
}
