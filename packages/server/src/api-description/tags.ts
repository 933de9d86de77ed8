export type Tag = { name: string; description: string }

/** What the first word of a path below `/api` or `/fleet/v1` stands for. */
const TAGS: Readonly<Record<string, Tag>> = {
  machines: { name: 'Machines', description: 'Enrolled devices, and what can be asked of one.' },
  machineactions: {
    name: 'Machine actions',
    description: 'Requests for a machine to do something, and what became of them.',
  },
  alerts: { name: 'Alerts', description: 'What was found on a machine and waits for somebody to decide.' },
  deviceavinfo: {
    name: 'Antivirus health',
    description: 'State of the antivirus engine on each machine, and its last scans.',
  },
  scans: {
    name: 'Scans',
    description: 'Progress and report of a scan: more than its machine action can say.',
  },
  detections: { name: 'Detections', description: 'Threats that engines found, one for each place.' },
  quarantine: {
    name: 'Quarantine',
    description: 'Files that machines keep where nothing can run them, and can give back.',
  },
  'machine-tasks': {
    name: 'Machine tasks',
    description: 'Requests for a machine that are no scans, and what became of them.',
  },
  events: { name: 'Events', description: 'What changes, as it changes.' },
  applications: {
    name: 'Applications',
    description: 'Programs that may call, with their permissions, secrets, certificates and limits.',
  },
  users: { name: 'Users', description: 'People who may sign in.' },
  userGroups: { name: 'User groups', description: 'Sets of people that roles are given to.' },
  roles: { name: 'Roles', description: 'What people may do.' },
  deviceGroups: { name: 'Device groups', description: 'Sets of machines that people reach.' },
  enrollmentTokens: { name: 'Enrollment', description: 'What machines join with.' },
  agent: { name: 'Agents', description: 'Called by the agents themselves, not by clients.' },
  audit: { name: 'Audit', description: 'Who changed what, and the proof that nobody changed that record.' },
  me: { name: 'Caller', description: 'Whoever calls, and what they may do where.' },
  webhooks: { name: 'Webhooks', description: 'Where this server calls when something happens.' },
}
const ALIASES: Readonly<Record<string, string>> = {
  machineActions: 'machineactions',
  public: 'deviceavinfo',
  scanPolicies: 'deviceGroups',
  engines: 'machines',
}
const SIGN_IN = { name: 'Sign-in', description: 'Tokens, discovery documents and keys.' }

const DESCRIPTION = { name: 'Description', description: 'What this server can do.' }
const ORDER = [...Object.values(TAGS), SIGN_IN, DESCRIPTION].map(({ name }) => name)

/** Where a tag stands among all: the Defender API's first, then the Fleet API's. */
export function placeOf({ name }: Tag): number {
  const place = ORDER.indexOf(name)
  return place === -1 ? ORDER.length : place
}

/** What an operation belongs to, by its path. */
export function tagOf(path: string): Tag {
  const word = /^\/(?:api|fleet\/v1)\/(\w+)/.exec(path)?.[1]
  if (/^\/(:tenant|common)\//.test(path) || word === 'signIn') return SIGN_IN
  if (word === undefined) return DESCRIPTION
  return TAGS[ALIASES[word] ?? word] ?? { name: wordsOf(word), description: `What is below ${path}.` }
}

/** `deviceAvInfo` as `Device av info`. */
export function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
