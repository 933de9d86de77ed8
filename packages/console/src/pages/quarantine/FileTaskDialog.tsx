import { Field, Text, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import type { Asked } from '../../components/DialogHost.tsx'
import { FormDialog } from '../../components/FormDialog.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { type FileTask, useAskFileTask } from '../../queries/quarantine.ts'
import { checkReason } from './check-reason.ts'

const WORDS: Record<FileTask['verb'], { title: string; confirm: string; what: string }> = {
  quarantine: {
    title: 'Move this file to quarantine?',
    confirm: 'Quarantine',
    what: 'The machine takes it away from its place, unless its content has changed, and can give it back as it was.',
  },
  restore: {
    title: 'Give this file back?',
    confirm: 'Restore',
    what: 'A threat was found in it. The machine puts it back where it was, with owner, mode and times; nothing that is there by now is replaced.',
  },
}

/** Says what will happen to a file, asks for the reason, and has it done. */
export function FileTaskDialog({ task, path, open, onClose }: { task: FileTask; path: string } & Asked) {
  const run = useAskFileTask(task)
  const [comment, setComment] = useState('')
  const [checked, setChecked] = useState(false)
  const problem = checked ? checkReason(comment) : undefined
  const { title, confirm, what } = WORDS[task.verb]

  function request() {
    setChecked(true)
    if (checkReason(comment) === undefined) run.mutate(comment.trim(), { onSuccess: onClose })
  }

  return (
    <FormDialog
      open={open}
      title={title}
      confirm={run.isPending ? 'Asking…' : confirm}
      busy={run.isPending}
      error={run.error}
      onConfirm={request}
      onClose={onClose}
    >
      <OutsideText mono text={path} />
      <Text>{what}</Text>
      <Field
        label="Comment"
        required
        validationState={problem === undefined ? 'none' : 'error'}
        validationMessage={problem ?? null}
      >
        <Textarea value={comment} onChange={(_, { value }) => setComment(value)} />
      </Field>
    </FormDialog>
  )
}
