import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = process.env.FLEETSWEEP_URL ?? 'https://127.0.0.1:8443'
const proxied = { target: server, secure: false }

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  build: {
    // Nothing as a data: address, so that the content security policy may stay closed.
    assetsInlineLimit: 0,
    // Fluent UI and React alone are past the usual warning.
    chunkSizeWarningLimit: 1_500,
  },
  // While developing, the APIs come from a real server.
  server: {
    proxy: { '/api': proxied, '/fleet': proxied, '^/[^/]+/(oauth2|sign-in|device)(/|$)': proxied },
  },
})
