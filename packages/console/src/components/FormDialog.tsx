import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarBody,
  makeStyles,
  tokens,
} from '@fluentui/react-components'
import type { FormEvent, ReactNode } from 'react'
import { ErrorWords } from './Outcome.tsx'

const useStyles = makeStyles({ content: { display: 'grid', gap: tokens.spacingVerticalM } })

/** A dialog that asks something, does it, and says so when it could not. Shown through a `DialogHost`. */
export function FormDialog(props: {
  open: boolean
  title: string
  confirm: string
  busy: boolean
  error: Error | null
  onConfirm: () => void
  onClose: () => void
  /** A button that does something else. */
  otherAction?: ReactNode
  children: ReactNode
}) {
  const styles = useStyles()
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!props.busy) props.onConfirm()
  }
  return (
    <Dialog open={props.open} onOpenChange={(_, { open }) => !open && props.onClose()}>
      <DialogSurface>
        <form onSubmit={submit} noValidate>
          <DialogBody>
            <DialogTitle>{props.title}</DialogTitle>
            <DialogContent className={styles.content}>
              {props.children}
              {props.error && (
                <MessageBar intent="error" layout="multiline">
                  <MessageBarBody>
                    <ErrorWords error={props.error} />
                  </MessageBarBody>
                </MessageBar>
              )}
            </DialogContent>
            {props.otherAction && <DialogActions position="start">{props.otherAction}</DialogActions>}
            <DialogActions>
              <Button onClick={props.onClose}>Close</Button>
              <Button appearance="primary" type="submit" disabledFocusable={props.busy}>
                {props.confirm}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
