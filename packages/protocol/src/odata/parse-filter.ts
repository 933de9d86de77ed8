import { ODataError } from './odata-error.ts'
import {
  COMPARE_OPERATORS,
  type CompareOperator,
  MATCH_FUNCTIONS,
  type MatchFunction,
  type ODataFilter,
  type ODataLiteral,
} from './odata-filter.ts'
import { type ODataToken, quote, tokenize } from './odata-token.ts'

/** Longest `$filter`, in characters after decoding. */
export const MAX_FILTER_LENGTH = 16_384
/** Deepest nesting of parentheses, `not` and `any`. */
export const MAX_FILTER_DEPTH = 64
/** Most comparisons in one filter: databases refuse expressions with a thousand. */
export const MAX_FILTER_TERMS = 500

/**
 * Reads a `$filter` into a tree. Names, operators and functions in any case; it knows nothing of which properties exist.
 *
 * @param text the decoded value of the option (`+` and `%20` are already blanks)
 * @throws ODataError for everything that is not a filter, or is larger than the limits of this file
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-odata-samples
 */
export function parseFilter(text: string): ODataFilter {
  if (text.length > MAX_FILTER_LENGTH) {
    const expected = `at most ${MAX_FILTER_LENGTH} characters`
    throw new ODataError('$filter', MAX_FILTER_LENGTH, expected, `${text.length} characters`)
  }
  return new FilterParser(tokenize('$filter', text)).parse()
}

// A Pratt parser: an operator takes what stands to its right as long as that binds tighter than itself.
const BINDING = { or: 1, and: 2, not: 3 } as const

// While parsing, a property or a value may still turn out to be one side of a comparison.
type Operand =
  | { kind: 'filter'; filter: ODataFilter }
  | { kind: 'field'; field: string; position: number }
  | { kind: 'value'; value: ODataLiteral; position: number }

class FilterParser {
  readonly #tokens: readonly ODataToken[]
  #index = 0
  #depth = 0
  #terms = 0

  constructor(tokens: readonly ODataToken[]) {
    this.#tokens = tokens
  }

  parse(): ODataFilter {
    const filter = this.#expression(0)
    if (this.#peek().kind !== 'end') this.#fail('and, or, or the end')
    return filter
  }

  #expression(minimum: number): ODataFilter {
    let left = this.#prefix()
    for (;;) {
      const word = this.#word()
      if ((word !== 'and' && word !== 'or') || BINDING[word] <= minimum) return left
      this.#index++
      left = joined(word, left, this.#expression(BINDING[word]))
    }
  }

  #prefix(): ODataFilter {
    if (this.#word() === 'not') {
      return this.#nested(() => {
        this.#index++
        return { kind: 'not', operand: this.#expression(BINDING.not) }
      })
    }
    return this.#comparison(this.#operand())
  }

  #operand(): Operand {
    const token = this.#peek()
    if (token.kind === '(') {
      return this.#nested(() => {
        this.#index++
        const filter = this.#expression(0)
        this.#eat(')')
        return { kind: 'filter', filter }
      })
    }
    if (token.kind === 'literal') {
      this.#index++
      return { kind: 'value', value: placed(token), position: token.position }
    }
    if (token.kind !== 'name' || isReserved(token.text)) {
      this.#fail('a property, a function, not, or a parenthesis')
    }
    const call = MATCH_FUNCTIONS.find((name) => name === token.text.toLowerCase())
    if (call !== undefined && this.#peek(1).kind === '(') return { kind: 'filter', filter: this.#match(call) }
    return this.#path()
  }

  #path(): Operand {
    const { position } = this.#peek()
    let field = this.#name('a property')
    while (this.#peek().kind === '/') {
      this.#index++
      const segment = this.#name('a property or any(…)')
      if (segment.toLowerCase() === 'any' && this.#peek().kind === '(') {
        return { kind: 'filter', filter: this.#any(field, position) }
      }
      field = `${field}/${segment}`
    }
    return { kind: 'field', field, position }
  }

  #any(field: string, position: number): ODataFilter {
    this.#countTerm()
    return this.#nested(() => {
      this.#eat('(')
      if (this.#skip(')')) return { kind: 'any', field, position }
      const variable = this.#name("a variable, as in any(t: t eq 'x')")
      this.#eat(':')
      const predicate = this.#expression(0)
      this.#eat(')')
      return { kind: 'any', field, variable, predicate, position }
    })
  }

  #match(name: MatchFunction): ODataFilter {
    this.#countTerm()
    this.#index++
    this.#eat('(')
    const operand = this.#path()
    if (operand.kind !== 'field') this.#fail('a property')
    this.#eat(',')
    const token = this.#peek()
    if (token.kind !== 'literal' || token.literal.kind !== 'string') this.#fail('text in single quotes')
    this.#index++
    this.#eat(')')
    const { field, position } = operand
    return { kind: 'match', function: name, field, value: token.literal.value, position }
  }

  #comparison(left: Operand): ODataFilter {
    const word = this.#word()
    if (word === 'in') {
      if (left.kind !== 'field') this.#fail('a property before in')
      this.#index++
      this.#countTerm()
      return { kind: 'in', field: left.field, values: this.#list(), position: left.position }
    }
    const operator = COMPARE_OPERATORS.find((name) => name === word)
    if (operator === undefined) {
      if (left.kind === 'filter') return left.filter
      this.#fail(`an operator (${COMPARE_OPERATORS.join(', ')}, in)`)
    }
    this.#index++
    const { position } = this.#peek()
    const right = this.#operand()
    if (left.kind === 'filter') return this.#truth(left.filter, operator, right, position)
    this.#countTerm()
    if (left.kind === 'field' && right.kind === 'value') {
      return { kind: 'compare', field: left.field, operator, value: right.value, position: left.position }
    }
    if (left.kind === 'value' && right.kind === 'field') {
      const mirrored = MIRRORED[operator]
      return { kind: 'compare', field: right.field, operator: mirrored, value: left.value, position }
    }
    this.#fail(left.kind === 'field' ? 'a value' : 'a property', position)
  }

  /** `startswith(…) eq true`, as clients of older OData versions write it. */
  #truth(filter: ODataFilter, operator: CompareOperator, right: Operand, position: number): ODataFilter {
    if (
      right.kind !== 'value' ||
      right.value.kind !== 'boolean' ||
      (operator !== 'eq' && operator !== 'ne')
    ) {
      this.#fail('eq true or eq false', position)
    }
    return right.value.value === (operator === 'eq') ? filter : { kind: 'not', operand: filter }
  }

  #list(): ODataLiteral[] {
    this.#eat('(')
    const values: ODataLiteral[] = []
    do {
      const token = this.#peek()
      if (token.kind !== 'literal') this.#fail('a value')
      this.#index++
      values.push(placed(token))
    } while (this.#skip(','))
    this.#eat(')')
    return values
  }

  #name(expected: string): string {
    const token = this.#peek()
    if (token.kind !== 'name' || isReserved(token.text)) this.#fail(expected)
    this.#index++
    return token.text
  }

  #eat(kind: '(' | ')' | ',' | ':'): void {
    if (!this.#skip(kind)) this.#fail(`"${kind}"`)
  }

  #skip(kind: ODataToken['kind']): boolean {
    if (this.#peek().kind !== kind) return false
    this.#index++
    return true
  }

  #nested<T>(read: () => T): T {
    if (this.#depth >= MAX_FILTER_DEPTH) this.#fail(`at most ${MAX_FILTER_DEPTH} levels`)
    this.#depth++
    const result = read()
    this.#depth--
    return result
  }

  #countTerm(): void {
    if (++this.#terms > MAX_FILTER_TERMS) this.#fail(`at most ${MAX_FILTER_TERMS} comparisons`)
  }

  #peek(ahead = 0): ODataToken {
    return this.#tokens[this.#index + ahead] ?? { kind: 'end', text: '', position: 0 }
  }

  #word(): string | undefined {
    const token = this.#peek()
    return token.kind === 'name' ? token.text.toLowerCase() : undefined
  }

  #fail(expected: string, position?: number): never {
    const at = this.#tokens.find((token) => token.position === position) ?? this.#peek()
    throw new ODataError('$filter', at.position, expected, quote(at.text))
  }
}

function placed({ literal, position }: ODataToken & { kind: 'literal' }): ODataLiteral {
  return { ...literal, position }
}

const MIRRORED: Record<CompareOperator, CompareOperator> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
}

const RESERVED: readonly string[] = ['and', 'or', 'not', 'in', ...COMPARE_OPERATORS]

function isReserved(text: string): boolean {
  return RESERVED.includes(text.toLowerCase())
}

function joined(kind: 'and' | 'or', left: ODataFilter, right: ODataFilter): ODataFilter {
  const parts = (filter: ODataFilter) => (filter.kind === kind ? filter.operands : [filter])
  return { kind, operands: [...parts(left), ...parts(right)] }
}
