import { createContext, Fragment, type ReactNode, useContext, useState } from 'react'

/** What a dialog gets from its host. */
export type Asked = { open: boolean; onClose: () => void }

type Ask = (dialog: (asked: Asked) => ReactNode) => void

const AskContext = createContext<Ask | undefined>(undefined)

/** Opens a dialog over the page. */
export function useAsk(): Ask {
  const ask = useContext(AskContext)
  if (!ask) throw new Error('Dialogs need a DialogHost around them.')
  return ask
}

/**
 * Holds the one dialog that may be open. It stands above the pages: a dialog that went away with its page before it
 * had finished closing would leave everything else hidden from screen readers.
 */
export function DialogHost({ children }: { children: ReactNode }) {
  const [shown, show] = useState<{ dialog?: (asked: Asked) => ReactNode; open: boolean; turn: number }>({
    open: false,
    turn: 0,
  })
  const onClose = () => show((now) => ({ ...now, open: false }))
  return (
    <AskContext value={(dialog) => show(({ turn }) => ({ dialog, open: true, turn: turn + 1 }))}>
      {children}
      {/* A new key each time: every dialog starts afresh. */}
      <Fragment key={shown.turn}>{shown.dialog?.({ open: shown.open, onClose })}</Fragment>
    </AskContext>
  )
}
