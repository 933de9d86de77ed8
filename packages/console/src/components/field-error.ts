import type { FieldProps } from '@fluentui/react-components'

/** What a field shows of what is wrong with it. */
export function fieldError(
  problem: string | undefined,
): Pick<FieldProps, 'validationState' | 'validationMessage'> {
  if (problem === undefined) return { validationState: 'none' }
  const message = `${problem.charAt(0).toUpperCase()}${problem.slice(1)}`
  return { validationState: 'error', validationMessage: /[.!?]$/.test(message) ? message : `${message}.` }
}
