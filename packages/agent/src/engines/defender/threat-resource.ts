/** Where Defender found a threat, as far as it is a file. The path is text, as PowerShell gave it. */
export type ThreatFile = { path: string; innerPath: string | null }

/**
 * The file in an entry of `Resources` of `Get-MpThreatDetection`: `file:_C:\a.exe`, or `file:_C:\a.zip->b.exe` for one
 * inside an archive. `undefined` for what is no file (a registry key, a process), and for `containerfile:_C:\a.zip`,
 * which says of an archive what an entry `file:_C:\a.zip->…` beside it says in full.
 *
 * @see https://learn.microsoft.com/en-us/previous-versions/windows/desktop/defender/msft-mpthreatdetection
 */
export function parseThreatResource(resource: string): ThreatFile | undefined {
  const prefix = 'file:_'
  if (!resource.startsWith(prefix)) return undefined
  // `>` is in no Windows file name, so the first arrow is where the archive ends.
  const [path = '', ...inner] = resource.slice(prefix.length).split('->')
  if (path === '') return undefined
  return { path, innerPath: inner.length === 0 ? null : inner.join('->') }
}
