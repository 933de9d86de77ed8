import { Field, Text, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import type { Asked } from '../../components/DialogHost.tsx'
import { FormDialog } from '../../components/FormDialog.tsx'
import { useCancelMachineAction } from '../../queries/machine-actions.ts'

/** Asks for a reason and cancels. */
export function CancelDialog(props: { actionId: string; name: string } & Asked) {
  const cancel = useCancelMachineAction(props.actionId)
  const [comment, setComment] = useState('')
  return (
    <FormDialog
      open={props.open}
      title={`Cancel the scan of ${props.name}?`}
      confirm={cancel.isPending ? 'Cancelling…' : 'Cancel scan'}
      busy={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate(comment.trim(), { onSuccess: props.onClose })}
      onClose={props.onClose}
    >
      <Text>The action ends at once. When the machine has stopped scanning shows on this page.</Text>
      <Field label="Comment">
        <Textarea value={comment} onChange={(_, { value }) => setComment(value)} />
      </Field>
    </FormDialog>
  )
}
