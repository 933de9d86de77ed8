import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { eicar, tool, zip } from '@fleetsweep/testkit'

/** Copied in this order until there are enough files; what a machine does not have is left out. */
const SOURCES = ['/usr/share', '/usr/bin', '/usr/lib', join(import.meta.dirname, '../../node_modules')]
/** ClamAV as Debian ships it looks at no larger file; our agent would, and the two would not do the same work. */
const LARGEST_BYTES = 24 * 1024 * 1024

const EICAR_ZIP = zip([{ name: 'inside.com', content: Buffer.from(eicar()) }])

export type Corpus = { folder: string; files: number; bytes: number }

/** Makes a folder of so many files from what the machine has, none of which holds a threat. */
export function makeCleanCorpus(folder: string, wanted: number): Corpus {
  mkdirSync(folder, { recursive: true })
  const count = { files: 0, bytes: 0 }
  for (const source of SOURCES)
    copyTree(source, join(folder, `tree-${SOURCES.indexOf(source)}`), wanted, count)
  return { folder, ...count }
}

/** Makes such a folder with threats in it. */
export function makeCorpus(folder: string, wanted: number): Corpus {
  const corpus = makeCleanCorpus(folder, wanted)
  return { ...corpus, files: corpus.files + addThreats(folder) }
}

/**
 * Adds what is hard for scanners: test files packed in many ways, EICAR within archives, odd names, deep folders.
 *
 * @returns how many files beside those of ClamAV
 */
export function addThreats(folder: string): number {
  cpSync(tool('clamavTestFiles').path, join(folder, 'clamav-testfiles'), { recursive: true })
  const odd: [Buffer, Buffer | string][] = [
    [Buffer.from('eicar.com'), eicar()],
    [Buffer.from('eicar.zip'), EICAR_ZIP],
    [Buffer.from('twice.zip'), zip([{ name: 'eicar.zip', content: EICAR_ZIP }])],
    [Buffer.from('with\nnewline'), eicar()],
    [Buffer.from('two: words FOUND'), eicar()],
    [Buffer.from([0xff, 0xfe, 0x80, 0x41]), eicar()],
    [Buffer.from('\u202etxt.exe'), eicar()],
    [Buffer.from(' blanks '), eicar()],
  ]
  mkdirSync(join(folder, 'odd'))
  for (const [name, content] of odd) {
    writeFileSync(Buffer.concat([Buffer.from(`${join(folder, 'odd')}/`), name]), content)
  }
  const deep = deepFolder(join(folder, 'deep'), 3_000)
  writeFileSync(join(deep, 'eicar.com'), eicar())
  writeFileSync(join(deep, 'clean'), 'clean')
  return odd.length + 2
}

/** Changes a share of the files, some of them so that they hold EICAR, with their size and times as they were. */
export function changeFiles(
  corpus: Corpus,
  options: { share: number; infected: number; round: number },
): { changed: number; infected: string[] } {
  const paths = [...listFiles(join(corpus.folder, 'tree-0'))].filter((path) => {
    const { size } = lstatSync(path)
    return size > 200 && size < 1_000_000
  })
  const wanted = Math.ceil(corpus.files * options.share)
  const step = Math.floor(paths.length / wanted)
  const infected: string[] = []
  let changed = 0
  for (let at = options.round % step; at < paths.length && changed < wanted; at += step, changed++) {
    const path = paths[at] ?? ''
    const { size, atime, mtime } = statSync(path)
    const isInfected = infected.length < options.infected
    const text = isInfected ? eicar().toString() : `changed in round ${options.round}, file ${at}`
    writeFileSync(path, text.padEnd(size, '\n'))
    utimesSync(path, atime, mtime)
    if (isInfected) infected.push(path)
  }
  return { changed, infected }
}

function copyTree(from: string, to: string, wanted: number, count: { files: number; bytes: number }): void {
  if (!existsSync(from)) return
  for (const path of listFiles(from)) {
    if (count.files >= wanted) return
    const { size } = lstatSync(path)
    if (size > LARGEST_BYTES) continue
    const target = join(to, relative(from, path))
    mkdirSync(dirname(target), { recursive: true })
    try {
      cpSync(path, target, { preserveTimestamps: true })
    } catch {
      // Not ours to read: it is no part of the corpus.
      continue
    }
    count.files++
    count.bytes += size
  }
}

function* listFiles(folder: string): Generator<string> {
  const open = opendirSync(folder)
  const folders: string[] = []
  try {
    for (let entry = open.readSync(); entry; entry = open.readSync()) {
      if (entry.isDirectory()) folders.push(join(folder, entry.name))
      else if (entry.isFile()) yield join(folder, entry.name)
    }
  } finally {
    open.closeSync()
  }
  for (const inner of folders.sort()) yield* listFiles(inner)
}

/** Deep, and yet within the fifteen folders that clamd goes down by itself. */
function deepFolder(top: string, bytes: number): string {
  let folder = top
  while (folder.length < bytes) folder = join(folder, 'd'.repeat(Math.min(250, bytes - folder.length)))
  mkdirSync(folder, { recursive: true })
  return folder
}
