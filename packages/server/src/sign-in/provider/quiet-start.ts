/** How `oidc-provider` greets every Node that is not a long-term release yet, whatever it is pinned to. */
const GREETING = /^oidc-provider WARNING: Unsupported runtime/

const { warn } = console

// It would stand on top of every command. The tests run on the Node that ships.
console.warn = (...words: unknown[]) => {
  if (!GREETING.test(String(words[0]))) warn(...words)
}

/** Gives warnings their voice back. */
export function endQuietStart(): void {
  console.warn = warn
}
