// Who imports whom, as docs/architecture.md draws it. Paths are relative to the repository, with slashes.

/** What a package may import, and why nothing else. Testkit, tests, programs and benchmarks may import anything. */
const PACKAGES: Record<string, { may: readonly string[]; why: string }> = {
  protocol: { may: [], why: 'the contract depends on nobody, so that everybody can depend on it' },
  client: { may: ['protocol'], why: 'a client of the API knows the contract and not who answers' },
  server: { may: ['protocol'], why: 'the server ships alone; what it shares goes through protocol' },
  agent: { may: ['protocol'], why: 'agents ship alone; what they share goes through protocol' },
  cli: { may: ['client', 'protocol'], why: 'the CLI can do what the API offers, as every client can' },
  console: {
    may: ['client', 'protocol'],
    why: 'the console can do what the API offers, as every client can',
  },
}

const SERVER = 'packages/server/src/'
/** Folders of the server that are not nouns. */
const NOT_NOUNS = ['kit', 'config', 'migrations', 'jobs']

type Rule = { forbids: (from: string, to: string) => boolean; why: string }

const SERVER_RULES: readonly Rule[] = [
  {
    forbids: (from, to) => partOf(from) === 'kit' && ![undefined, 'kit'].includes(partOf(to)),
    why: 'the kit serves every noun and knows none',
  },
  {
    forbids: (from, to) => partOf(from) !== undefined && [`${SERVER}app.ts`, `${SERVER}main.ts`].includes(to),
    why: 'app.ts puts the parts together; a part that knows it knows everything',
  },
  {
    forbids: (from, to) => isHttp(to) && partOf(from) !== undefined && folderOf(from) !== folderOf(to),
    why: 'only app.ts mounts operations; what two of them share belongs to the service or the kit',
  },
  {
    forbids: (from, to) =>
      isNoun(partOf(to)) &&
      partOf(from) !== undefined &&
      partOf(from) !== partOf(to) &&
      !to.endsWith('/index.ts'),
    why: 'a noun is entered by its index.ts, so that its inside can change',
  },
  {
    forbids: (from, to) =>
      isHttp(from) && (/-store(-sql)?\.ts$/.test(to) || to.startsWith(`${SERVER}kit/db/`)),
    why: 'an operation asks its service; deciding and storing happen there',
  },
  {
    forbids: (from, to) => from.endsWith('-service.ts') && to.startsWith(`${SERVER}kit/db/`),
    why: 'a service speaks to stores; SQL stays behind them',
  },
]

/** Why one file must not import another; undefined when it may. `to` is a path, or a package's name. */
export function whyForbidden(from: string, to: string): string | undefined {
  if (isTest(from)) return undefined
  const [home, target] = [packageOf(from), packageOf(to)]
  if (home === undefined || home === 'testkit') return undefined
  if (to.startsWith('node:')) {
    const inBrowsers = ['protocol', 'client', 'console'].includes(home)
    return inBrowsers ? `${home} runs in browsers, too, where there is no Node` : undefined
  }
  if (target !== undefined && target !== home) {
    if (!PACKAGES[home]?.may.includes(target)) return PACKAGES[home]?.why ?? 'no rule knows this package'
    if (!to.startsWith('@')) return `enter a package by its name, @fleetsweep/${target}`
  }
  if (target === undefined && /^(scripts|programs|bench|tests)\//.test(to)) {
    return 'packages stand on their own; the rest of the repository uses them'
  }
  return SERVER_RULES.find((rule) => from.startsWith(SERVER) && rule.forbids(from, to))?.why
}

/** Tests and suites of tests, which import what they test wherever it is; and examples, which use a package from outside. */
function isTest(path: string): boolean {
  return /\.(test|contract)\.tsx?$/.test(path) || /^packages\/[^/]+\/(tests|examples)\//.test(path)
}

function packageOf(path: string): string | undefined {
  return path.match(/^(?:packages|@fleetsweep)\/([^/]+)/)?.[1]
}

/** The folder below the server's src; undefined for its top files, which put the parts together. */
function partOf(path: string): string | undefined {
  return path.startsWith(SERVER) ? path.slice(SERVER.length).match(/^([^/]+)\//)?.[1] : undefined
}

function isNoun(part: string | undefined): boolean {
  return part !== undefined && !NOT_NOUNS.includes(part)
}

function isHttp(path: string): boolean {
  return path.startsWith(SERVER) && partOf(path) !== 'kit' && /\/http\//.test(path)
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
