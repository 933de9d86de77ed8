import type { ODataFilter, ODataLiteral } from './odata-filter.ts'

/** Writes a tree as `$filter` text that `parseFilter` reads back as the same tree. */
export function printFilter(filter: ODataFilter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.operands.map((operand) => inside(filter.kind, operand)).join(` ${filter.kind} `)
    case 'not':
      return `not (${printFilter(filter.operand)})`
    case 'compare':
      return `${filter.field} ${filter.operator} ${printLiteral(filter.value)}`
    case 'in':
      return `${filter.field} in (${filter.values.map(printLiteral).join(', ')})`
    case 'match':
      return `${filter.function}(${filter.field}, ${printText(filter.value)})`
    case 'any':
      return filter.predicate === undefined
        ? `${filter.field}/any()`
        : `${filter.field}/any(${filter.variable}: ${printFilter(filter.predicate)})`
  }
}

function inside(parent: 'and' | 'or', operand: ODataFilter): string {
  const text = printFilter(operand)
  return operand.kind === 'or' && parent === 'and' ? `(${text})` : text
}

function printLiteral(literal: ODataLiteral): string {
  switch (literal.kind) {
    case 'string':
      return printText(literal.value)
    case 'null':
      return 'null'
    case 'dateTime':
    case 'number':
      return literal.text
    default:
      return String(literal.value)
  }
}

function printText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
