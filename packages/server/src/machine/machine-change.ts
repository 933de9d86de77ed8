import type { DeviceValue } from '@fleetsweep/protocol'
import type { StoredMachine } from './machine.ts'

/** Most tags of a machine. */
export const MAX_TAGS = 100

/** What shall become of machines; what is absent stays. */
export type MachineChange = {
  /** `set` gives all tags; tags are the same when they are without case. */
  tags?: { kind: 'add' | 'remove'; tag: string } | { kind: 'set'; tags: readonly string[] } | undefined
  deviceValue?: DeviceValue | undefined
}

/** What a change leaves of a machine. A tag that it has already keeps its spelling. */
export function applyChange(
  { tags, deviceValue }: Pick<StoredMachine, 'tags' | 'deviceValue'>,
  change: MachineChange,
): { tags: readonly string[]; deviceValue: DeviceValue } {
  return { tags: applyToTags(tags, change.tags), deviceValue: change.deviceValue ?? deviceValue }
}

function applyToTags(tags: readonly string[], change: MachineChange['tags']): readonly string[] {
  if (!change) return tags
  if (change.kind === 'set') return change.tags
  const others = tags.filter((tag) => tagKey(tag) !== tagKey(change.tag))
  if (change.kind === 'remove') return others
  return others.length < tags.length ? tags : [...tags, change.tag]
}

/** Equal for tags that are the same. Enrollment tokens may give tags with blanks around them, which no call can name. */
export function tagKey(tag: string): string {
  return tag.trim().toLowerCase()
}
