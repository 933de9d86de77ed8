import { Field, Input, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import type { Asked } from '../../components/DialogHost.tsx'
import { FormDialog } from '../../components/FormDialog.tsx'
import { useInstallCommand } from '../../queries/enrollment-tokens.ts'
import { checkAddMachineForm } from './add-machine-form.ts'

/** Makes an enrollment token and shows, this once, the line that installs the agent on a machine with it. */
export function AddMachineDialog({ open, onClose }: Asked) {
  const make = useInstallCommand()
  const [form, setForm] = useState({ description: '', machines: '1' })
  const [checked, setChecked] = useState(false)
  const problems = checked ? checkAddMachineForm(form) : {}
  if (make.data !== undefined) return <InstallCommand command={make.data} open={open} onClose={onClose} />

  function request() {
    setChecked(true)
    if (Object.keys(checkAddMachineForm(form)).length > 0) return
    make.mutate({ description: form.description.trim(), maxUses: Number(form.machines) })
  }

  return (
    <FormDialog
      open={open}
      title="Add machines"
      confirm={make.isPending ? 'Making…' : 'Make a token'}
      busy={make.isPending}
      error={make.error}
      onConfirm={request}
      onClose={onClose}
    >
      <Field
        label="Machines that may use the token"
        required
        validationState={problems.machines === undefined ? 'none' : 'error'}
        validationMessage={problems.machines ?? null}
        hint="It is good for a day."
      >
        <Input
          inputMode="numeric"
          value={form.machines}
          onChange={(_, { value }) => setForm({ ...form, machines: value })}
        />
      </Field>
      <Field
        label="What it is for"
        validationState={problems.description === undefined ? 'none' : 'error'}
        validationMessage={problems.description ?? null}
      >
        <Input
          value={form.description}
          onChange={(_, { value }) => setForm({ ...form, description: value })}
        />
      </Field>
    </FormDialog>
  )
}

function InstallCommand({ command, open, onClose }: { command: string } & Asked) {
  const [copied, setCopied] = useState<'not yet' | 'copied' | Error>('not yet')
  async function copy() {
    try {
      await navigator.clipboard.writeText(command)
      setCopied('copied')
    } catch (cause) {
      setCopied(
        new Error('The browser did not let it be copied. Select the line and copy it yourself.', { cause }),
      )
    }
  }
  return (
    <FormDialog
      open={open}
      title="Install the agent"
      confirm={copied === 'copied' ? 'Copied' : 'Copy'}
      busy={false}
      error={copied instanceof Error ? copied : null}
      onConfirm={() => void copy()}
      onClose={onClose}
    >
      <Field
        label="Paste this line into a shell of the machine"
        hint="For Linux. It holds the token, and is shown this once. Without systemd, add --start at its end."
      >
        <Textarea readOnly rows={8} value={command} onFocus={({ target }) => target.select()} />
      </Field>
    </FormDialog>
  )
}
