// Rolls the declarations of a package up: one .d.ts that names no other file, with every type that the entry leads to.
//
// Types that follow from schemas (`Static<typeof Machine>`) are written out as plain TypeScript, so that whoever uses
// the package needs nothing of ours and no schema library. This asks the compiler through its API, which may change
// with its version: the version is pinned, and tests/client-package.test.ts compiles against what comes out.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isTypeAliasDeclaration, isVariableDeclaration, SyntaxKind } from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'
import { root } from './project.mjs'
import { packageBin } from './toolchain.mjs'

const modules = join(root, 'node_modules')
const [SYMBOL_IS_ALIAS, SYMBOL_IS_OPTIONAL] = [1 << 21, 1 << 24]

/**
 * @param schemas by the names of the types that follow from them: what their members mean is said there
 * @param packages the package whose `src/index.ts` is rolled up, then those that it imports; folders of `packages/`
 */
export function rollUpDeclarations(schemas, ...packages) {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-declarations-'))
  try {
    emit(folder, packages)
    const project = projectOf(folder, packages)
    const rollUp = () => rollUpOnce(project, folder, schemas, packages[0])
    try {
      return rollUp()
    } catch (error) {
      if (!(error instanceof MissingNode)) throw error
      return rollUp()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The compiler's API is young: once, on a busy machine, it gave nothing for a declaration. It is asked a second time. */
class MissingNode extends Error {}

function rollUpOnce(project, folder, schemas, entry) {
  const api = new API()
  try {
    const snapshot = api.updateSnapshot({ openProject: project })
    return new RollUp(snapshot.getProjects()[0], folder, schemas).write(join(folder, entry, 'src/index.d.ts'))
  } finally {
    api.close()
  }
}

/** Each module's own declarations, as the compiler writes them. */
function emit(folder, packages) {
  const project = writeProject(
    join(folder, 'emit.json'),
    packages.map((name) => join(root, 'packages', name, 'src/index.ts')),
    {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      outDir: folder,
      rootDir: join(root, 'packages'),
    },
  )
  const command = [packageBin('typescript', 'tsc'), '-p', project]
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' })
  if (status !== 0) throw new Error('The declarations could not be written.')
}

/** What was emitted, with every import leading to what was emitted, too. */
function projectOf(folder, [entry, ...others]) {
  const own = others.map((name) => [`@fleetsweep/${name}`, [join(folder, name, 'src/index.d.ts')]])
  const paths = { ...Object.fromEntries(own), typebox: [join(modules, 'typebox/build/index.d.mts')] }
  return writeProject(join(folder, 'tsconfig.json'), [join(folder, entry, 'src/index.d.ts')], { paths })
}

function writeProject(path, files, options) {
  const compilerOptions = { typeRoots: [join(modules, '@types')], ...options }
  writeFileSync(
    path,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [] }),
  )
  return path
}

class RollUp {
  #project
  /** With the declarations of all packages. */
  #folder
  #schemas
  /** What is taken in, by name. */
  #taken = new Map()

  constructor(project, folder, schemas) {
    this.#project = project
    this.#folder = folder
    this.#schemas = schemas
  }

  /** What other packages declare is exported, too: whoever calls a method may want to name what it gives. */
  write(entry) {
    const { checker, program } = this.#project
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))
    for (const symbol of exported) this.#take(this.#origin(symbol))
    const home = entry.slice(0, -'src/index.d.ts'.length)
    const foreign = [...this.#taken].filter(([, { file }]) => !file.startsWith(home)).map(([name]) => name)
    const names = new Set([...exported.map(({ name }) => name), ...foreign])
    const texts = [...this.#taken.values()].map(({ text }) => text)
    return `${texts.join('\n')}\nexport { ${[...names].sort().join(', ')} };\n`
  }

  #origin(symbol) {
    return symbol.flags & SYMBOL_IS_ALIAS ? this.#project.checker.getAliasedSymbol(symbol) : symbol
  }

  /** Takes a declaration in, and all that it names. */
  #take(symbol) {
    const declarations = symbol.declarations.map((handle) => handle.resolve(this.#project))
    // A schema and its type share a name; the schema stays inside.
    if (declarations.length === 0 || declarations.includes(undefined)) {
      throw new MissingNode(`The compiler does not show where ${symbol.name} is declared.`)
    }
    const declaration = declarations.find(isTypeAliasDeclaration) ?? declarations[0]
    const file = declaration.getSourceFile().fileName
    if (!file.startsWith(this.#folder)) return
    const statement = statementOf(declaration)
    const source = statement.getText()
    const taken = this.#taken.get(symbol.name)
    if (taken) {
      if (taken.source !== source) throw new Error(`Two declarations are named ${symbol.name}; rename one.`)
      return
    }
    const entry = { file, source, text: '' }
    this.#taken.set(symbol.name, entry)
    entry.text = docsBefore(statement) + this.#declare(symbol, declaration, source)
  }

  #declare(symbol, declaration, source) {
    if (isTypeAliasDeclaration(declaration) && /\btypeof\b/.test(source)) {
      const type = this.#project.checker.getDeclaredTypeOfSymbol(symbol)
      return `type ${symbol.name} = ${this.#plain(type, '', this.#schemas[symbol.name])};`
    }
    this.#follow(statementOf(declaration))
    const text = source.replace(/^export /, '')
    return /^(declare|type|interface)\b/.test(text) ? text : `declare ${text}`
  }

  /** Takes in what a piece of declaration names. */
  #follow(node) {
    const name = node.typeName ?? node.exprName ?? node.expression
    if (name?.kind === SyntaxKind.Identifier) {
      const symbol = this.#project.checker.getSymbolAtLocation(name)
      const origin = symbol && this.#origin(symbol)
      if (origin && isTopLevel(origin, this.#project)) this.#take(origin)
    }
    node.forEachChild((child) => this.#follow(child))
  }

  /** A type as plain TypeScript; what its members mean stands in the schema that it follows from. */
  #plain(type, indent, schema) {
    const { checker } = this.#project
    if (type.isUnionType()) {
      const parts = type.getTypes().map((part) => this.#plain(part, indent, schema))
      return parts.join(' | ').replace('false | true', 'boolean')
    }
    if (checker.isArrayType(type)) {
      const text = this.#plain(checker.getTypeArguments(type)[0], indent, schema)
      return / \| /.test(text) ? `Array<${text}>` : `${text}[]`
    }
    const isObject = type.isObjectType() || type.isIntersectionType()
    const properties = isObject ? checker.getPropertiesOfType(type) : []
    if (properties.length === 0) return checker.typeToString(type)
    const members = properties.map((property) => this.#member(property, `${indent}    `, schema))
    return `{\n${members.join('\n')}\n${indent}}`
  }

  #member(property, indent, schema) {
    const { checker } = this.#project
    const isOptional = (property.flags & SYMBOL_IS_OPTIONAL) !== 0
    const own = memberOf(schema, property.name)
    const text = this.#plain(checker.getTypeOfSymbol(property), indent, own)
    const said = checker.getDocumentationCommentOfSymbol(property) || (own?.description ?? '')
    const docs = said.replaceAll('\n', `\n${indent} * `)
    const name = /^[\w$]+$/.test(property.name) ? property.name : JSON.stringify(property.name)
    const member = isOptional ? `${name}?: ${text.replace('undefined | ', '')};` : `${name}: ${text};`
    return `${docs === '' ? '' : `${indent}/** ${docs} */\n`}${indent}${member}`
  }
}

/** The schema of a member, also of one of the parts or elements that a schema is made of. */
function memberOf(schema, name) {
  if (typeof schema !== 'object' || schema === null) return undefined
  const parts = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), schema.items]
  return parts.reduce((found, part) => found ?? memberOf(part, name), schema.properties?.[name])
}

/** A variable's declaration is part of a statement; any other is one. */
function statementOf(declaration) {
  return isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
}

/** True for what a module declares itself: not for a parameter or a member of something. */
function isTopLevel({ declarations }, project) {
  const node = declarations[0]?.resolve(project)
  return node !== undefined && statementOf(node).parent?.kind === SyntaxKind.SourceFile
}

function docsBefore(node) {
  const before = node.getFullText().slice(0, -node.getText().length)
  const docs = before.match(/\/\*\*(?:(?!\*\/).)*\*\/\s*$/s)
  return docs ? `${docs[0].trimEnd()}\n` : ''
}
