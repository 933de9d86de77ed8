/** Hands something to the browser to save it under a name. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by the time that the event loop turns.
  setTimeout(() => URL.revokeObjectURL(url))
}
