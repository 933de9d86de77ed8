import { ApiError } from '../http/api-error.ts'

/**
 * Reads what stands between the parentheses of an OData function: `ip='192.0.2.1',timestamp=2026-11-23T08:12:26Z`.
 * Names may be in any case and order; a value may be quoted (a quote within is doubled) or bare, with blanks around it.
 *
 * @param text decoded
 * @param names the arguments that it takes, all of them required
 * @throws ApiError `MissingRequiredParameter`; `InvalidInput` for another argument, one that stands twice, or an open quote
 */
export function readFunctionArguments<Name extends string>(
  text: string,
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  const given = new Map<Name, string>()
  for (let rest = text; rest.trim() !== ''; ) {
    const equals = rest.indexOf('=')
    const written = (equals === -1 ? rest : rest.slice(0, equals)).trim()
    const name = names.find((one) => one.toLowerCase() === written.toLowerCase())
    if (name === undefined || equals === -1) {
      throw new ApiError('InvalidInput', `'${shortened(written)}' is not one of ${names.join(', ')}`)
    }
    if (given.has(name)) throw new ApiError('InvalidInput', `The parameter ${name} stands twice`)
    const { value, after } = readValue(name, rest.slice(equals + 1).trimStart())
    given.set(name, value)
    rest = after
  }
  for (const name of names) {
    if (!given.get(name)) throw new ApiError('MissingRequiredParameter', `The parameter ${name} is missing`)
  }
  // Every name has its value now.
  return Object.fromEntries(given) as Record<Name, string>
}

function readValue(name: string, text: string): { value: string; after: string } {
  if (!text.startsWith("'")) {
    const comma = text.indexOf(',')
    const end = comma === -1 ? text.length : comma
    return { value: text.slice(0, end).trim(), after: text.slice(end + 1) }
  }
  const match = /^'((?:[^']|'')*)'\s*(?:,|$)/.exec(text)
  if (!match)
    throw new ApiError('InvalidInput', `The quote of ${name} is not closed before a comma or the end`)
  const [whole, value = ''] = match
  return { value: value.replaceAll("''", "'").trim(), after: text.slice(whole.length) }
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
