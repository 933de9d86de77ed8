import { join } from 'node:path'
import { Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import type { Environment } from './host.ts'
import { parseJson } from './parse-json.ts'
import { runTool } from './run-tool.ts'

/** The system itself and the administrators of the machine. */
const TRUSTED: ReadonlySet<string> = new Set(['S-1-5-18', 'S-1-5-32-544'])

/**
 * Makes the folder where it is not there, its access list in the same step, and tells whose it is. The path comes by
 * the environment: nothing of it becomes part of the script.
 */
const SCRIPT = [
  "$ErrorActionPreference='Stop'",
  '[Console]::OutputEncoding=[Text.Encoding]::UTF8',
  '$folder=$env:FLEETSWEEP_FOLDER',
  '$mine=New-Object Security.AccessControl.DirectorySecurity',
  "$mine.SetSecurityDescriptorSddlForm('O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)')",
  '[void][IO.Directory]::CreateDirectory($folder,$mine)',
  '$sid=[Security.Principal.SecurityIdentifier]',
  '$acl=[IO.Directory]::GetAccessControl($folder)',
  "$allowed=@($acl.GetAccessRules($true,$true,$sid)|Where-Object{$_.AccessControlType -eq 'Allow'}|ForEach-Object{$_.IdentityReference.Value})",
  '$isLink=[bool]([IO.File]::GetAttributes($folder) -band [IO.FileAttributes]::ReparsePoint)',
  'ConvertTo-Json -Compress @{owner=$acl.GetOwner($sid).Value;allowed=$allowed;isLink=$isLink}',
].join(';')

const Guard = new LazySchema(
  Type.Object({ owner: Type.String(), allowed: Type.Array(Type.String()), isLink: Type.Boolean() }),
)

/**
 * Makes sure that a folder is the administrators' and the system's alone. In `%ProgramData%` anybody may make one, and
 * what lies in it says which programs the agent starts.
 *
 * @throws Error with a sentence that says whose it is
 */
export async function claimWindowsFolder(
  folder: string,
  env: Environment,
  run: (
    program: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ) => Promise<string | undefined> = runWith,
): Promise<void> {
  const powerShell = join(
    env.SystemRoot ?? 'C:\\Windows',
    'System32',
    'WindowsPowerShell',
    'v1.0',
    'powershell.exe',
  )
  const args = ['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', SCRIPT]
  const guard = parseJson((await run(powerShell, args, { ...env, FLEETSWEEP_FOLDER: folder })) ?? '')
  if (!Guard.Check(guard)) {
    throw new Error(`Windows does not tell whose folder ${folder} is, so nothing in it is used.`)
  }
  const others = guard.allowed.filter((sid) => !TRUSTED.has(sid))
  if (!guard.isLink && TRUSTED.has(guard.owner) && others.length === 0) return
  const why = guard.isLink
    ? 'is a link to another place'
    : TRUSTED.has(guard.owner)
      ? `can be entered by others (${others[0]})`
      : `belongs to somebody else (${guard.owner})`
  throw new Error(
    `${folder} ${why}, who could make this agent do their work, so nothing in it is used. Remove it, and enroll this machine again.`,
  )
}

function runWith(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  return runTool(program, args, { env, timeoutMs: 60_000 })
}
