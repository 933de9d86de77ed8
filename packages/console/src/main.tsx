import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import './page.css'
import { openConsole } from './session/opening.ts'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no element with the id "root".')
// A browser may bring a whole page back from its memory, with a session that has been signed out of since.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) window.location.reload()
})
createRoot(root).render(
  <StrictMode>
    <App opening={openConsole()} />
  </StrictMode>,
)
