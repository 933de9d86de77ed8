import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The repository's folder. */
export const root = join(import.meta.dirname, '..')

const NOT_OURS = ['node_modules', 'dist', '.state', '.git']

/** Paths of the repository's own files, relative to it, with slashes. */
export function repositoryFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (NOT_OURS.includes(entry.name)) return []
    if (entry.isDirectory()) return repositoryFiles(path)
    return entry.isFile() ? [path] : []
  })
}
