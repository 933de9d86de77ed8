import { createContext, useSyncExternalStore } from 'react'

export type Scheme = 'light' | 'dark'

/** Light or dark, and how to choose; without a choice the system's own is followed. */
export const SchemeContext = createContext<{ scheme: Scheme; choose: (scheme: Scheme) => void }>({
  scheme: 'light',
  choose: () => {},
})

const dark = window.matchMedia('(prefers-color-scheme: dark)')

/** What the system prefers, followed live. */
export function useSystemScheme(): Scheme {
  return useSyncExternalStore(subscribe, () => (dark.matches ? 'dark' : 'light'))
}

function subscribe(changed: () => void): () => void {
  dark.addEventListener('change', changed)
  return () => dark.removeEventListener('change', changed)
}
