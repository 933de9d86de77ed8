import { type AlertSeverity, renderFilePath } from '@fleetsweep/protocol'

/**
 * What an engine's name of a threat says. ClamAV writes `Win.Trojan.Agent-1234567-0`, Microsoft Defender
 * `Trojan:Win32/Agent.AB!MTB`; signatures that people add themselves are called anything.
 *
 * @see https://docs.clamav.net/manual/Signatures/SignatureNames.html
 * @see https://learn.microsoft.com/en-us/unified-secops/malware-naming
 */
export type Threat = { name: string; family: string; severity: AlertSeverity; title: string }

/** Reads a name that came from a machine; what is kept of it is safe to show. */
export function readThreat(nameFromEngine: string): Threat {
  const name = safeName(nameFromEngine)
  const severity = severityOf(name)
  return { name, family: familyOf(name), severity, title: `'${name}' ${KINDS[severity]} was detected` }
}

const KINDS: Record<AlertSeverity, string> = {
  Informational: 'test pattern',
  Low: 'unwanted software',
  Medium: 'malware',
  High: 'malware',
}

/**
 * How much a threat matters, by the words of its name alone: no engine says it, and nothing here knows whether the file
 * was ever run. The first rule that fits decides:
 *
 * 1. a harmless test pattern: `Informational`
 * 2. software that is unwanted rather than harmful: `Low`
 * 3. what destroys data, opens a way in or spreads: `High`
 * 4. everything else: `Medium`
 */
function severityOf(name: string): AlertSeverity {
  const rule = RULES.find(([words]) => words.test(name))
  return rule ? rule[1] : 'Medium'
}

/** A word ends where a letter does not follow, so that `Test` is one in `Clamav.Test.File-6` and none in `Testudo`. */
const RULES: readonly [RegExp, AlertSeverity][] = [
  [/eicar|(?<![a-z])test(?![a-z])/i, 'Informational'],
  [/(?<![a-z])(pua|pup|adware|joke|hoax|toolbar|browsermodifier|softwarebundler)(?![a-z])/i, 'Low'],
  [
    /(?<![a-z])(ransom(ware)?|wiper|killmbr|backdoor|rootkit|bootkit|webshell|exploit|worm|virus|stealer|infostealer|pws|keylogger)(?![a-z])/i,
    'High',
  ],
]

/** Longest name of a family that is kept; no engine's own comes near it. */
const MAX_FAMILY_LENGTH = 128

function familyOf(name: string): string {
  const known = /^[A-Za-z]+:[^/]+\/([^.!]+)/.exec(name)?.[1] ?? familyOfClamAv(name)
  return known.slice(0, MAX_FAMILY_LENGTH)
}

/** The third part of `Platform.Category.Family-Signature-Revision`; of other names what comes before the numbers. */
function familyOfClamAv(name: string): string {
  const bare = name.replace(/\.UNOFFICIAL$/i, '')
  const [, , ...rest] = bare.split('.')
  const family = (rest.length === 0 ? bare : rest.join('.')).replace(/(-\d+)+$/, '')
  return family === '' ? bare : family
}

/** Line breaks, terminal escapes and marks that reorder text come out as `\xNN`, as they do in paths. */
function safeName(name: string): string {
  return renderFilePath(new TextEncoder().encode(name)).text
}
