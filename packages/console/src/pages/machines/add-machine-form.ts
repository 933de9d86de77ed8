/** What is typed; `machines` is still text. */
export type AddMachineForm = { description: string; machines: string }

/** Most machines that one token may enroll, and the longest description, as the API takes them. */
export const MOST_MACHINES = 100_000
export const LONGEST_DESCRIPTION = 400

/** What is wrong with a form, by field; empty when nothing is. */
export function checkAddMachineForm({
  description,
  machines,
}: AddMachineForm): Partial<Record<keyof AddMachineForm, string>> {
  const count = /^\d{1,6}$/.test(machines.trim()) ? Number(machines) : 0
  return {
    ...((count < 1 || count > MOST_MACHINES) && { machines: `A whole number from 1 to ${MOST_MACHINES}.` }),
    ...(description.trim().length > LONGEST_DESCRIPTION && {
      description: `${description.trim().length} characters; at most ${LONGEST_DESCRIPTION} are kept.`,
    }),
  }
}
