import { safeText } from '@fleetsweep/client'
import { isFinal } from '@fleetsweep/protocol'
import { Button, Spinner, Text } from '@fluentui/react-components'
import { ArrowUndoRegular, BoxRegular } from '@fluentui/react-icons'
import { useAsk } from '../../components/DialogHost.tsx'
import { type FileTask, useFileTask, useMayMoveFiles } from '../../queries/quarantine.ts'
import { FileTaskDialog } from './FileTaskDialog.tsx'

const WORDS: Record<FileTask['verb'], { words: string; icon: typeof BoxRegular }> = {
  quarantine: { words: 'Quarantine', icon: BoxRegular },
  restore: { words: 'Restore', icon: ArrowUndoRegular },
}

/** Asks for a file to be moved, and says how that goes. Shows nothing to those who may not. */
export function FileTaskButton({ task, path }: { task: FileTask; path: string }) {
  const ask = useAsk()
  const mayMove = useMayMoveFiles()
  const asked = useFileTask(task)
  const { words, icon: Icon } = WORDS[task.verb]
  if (asked === 'waiting' || (asked && !isFinal(asked.status))) {
    return <Spinner size="tiny" label={`${words}: waiting for the machine…`} />
  }
  // One that succeeded shows in what became of the file.
  const failure = asked && asked.status !== 'Succeeded' ? asked.sentence : null
  if (!mayMove) return null
  return (
    <>
      {failure !== null && (
        <Text role="status">
          {words}: {safeText(failure)}
        </Text>
      )}
      <Button
        size="small"
        icon={<Icon />}
        aria-label={`${words} ${safeText(path)}`}
        onClick={() => ask((dialog) => <FileTaskDialog task={task} path={path} {...dialog} />)}
      >
        {words}…
      </Button>
    </>
  )
}
