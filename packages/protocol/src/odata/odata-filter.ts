import type { Instant } from '../instant.ts'

export const COMPARE_OPERATORS = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const
export type CompareOperator = (typeof COMPARE_OPERATORS)[number]

export const MATCH_FUNCTIONS = ['startswith', 'endswith', 'contains'] as const
export type MatchFunction = (typeof MATCH_FUNCTIONS)[number]

/** A value as it was written. What it means for a property (an id, a moment, an enum) is decided where the property is known. */
export type ODataLiteral =
  | { kind: 'string'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null' }
  /** Written without quotes; lower case. */
  | { kind: 'guid'; value: string }
  /** Written without quotes; `text` is as it was written, `value` without its seventh fraction digit. */
  | { kind: 'dateTime'; value: Instant; text: string }

/**
 * A `$filter` as a tree. Property names (`field`) are spelled as the caller did, in any case, with `/` between the
 * segments of a path; operators and functions are in lower case.
 *
 * `and` and `or` hold two or more operands and never one of their own kind, so a long chain is flat, not deep.
 */
export type ODataFilter =
  | { kind: 'and' | 'or'; operands: readonly ODataFilter[] }
  | { kind: 'not'; operand: ODataFilter }
  | { kind: 'compare'; field: string; operator: CompareOperator; value: ODataLiteral }
  | { kind: 'in'; field: string; values: readonly ODataLiteral[] }
  | { kind: 'match'; function: MatchFunction; field: string; value: string }
  /** True when one item of a list fulfils `predicate`, where the field named `variable` is the item itself. */
  | { kind: 'any'; field: string; variable: string; predicate: ODataFilter }
