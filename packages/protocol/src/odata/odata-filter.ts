import type { Instant } from '../instant.ts'

export const COMPARE_OPERATORS = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const
export type CompareOperator = (typeof COMPARE_OPERATORS)[number]

export const MATCH_FUNCTIONS = ['startswith', 'endswith', 'contains'] as const
export type MatchFunction = (typeof MATCH_FUNCTIONS)[number]

/** Where something begins in the text that was parsed, in characters; absent in a tree that nobody wrote as text. */
type Placed = { position?: number }

/** A value as it was written. What it means for a property (an id, a moment, an enum) is decided where the property is known. */
export type ODataLiteral = Placed & ODataValue

type ODataValue =
  | { kind: 'string'; value: string }
  /** `text` is as it was written: an id of digits alone is longer than a number can hold. */
  | { kind: 'number'; value: number; text: string }
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
  | (Placed & { kind: 'compare'; field: string; operator: CompareOperator; value: ODataLiteral })
  | (Placed & { kind: 'in'; field: string; values: readonly ODataLiteral[] })
  | (Placed & { kind: 'match'; function: MatchFunction; field: string; value: string })
  /** True when one item of a list fulfils `predicate`, where the field named `variable` is the item itself. */
  | (Placed & { kind: 'any'; field: string; variable: string; predicate: ODataFilter })
  /** True when a list has an item. */
  | (Placed & { kind: 'any'; field: string; variable?: undefined; predicate?: undefined })
