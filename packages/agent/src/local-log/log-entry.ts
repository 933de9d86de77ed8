import { type Static, Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'

/** Everything that changes something, whoever asks for it. */
export const LOGGED_VERBS = ['scan', 'stop', 'quarantine', 'restore', 'updateSignatures', 'enroll'] as const
export type LoggedVerb = (typeof LOGGED_VERBS)[number]

const Common = {
  /** ISO 8601, by the machine's own clock. */
  at: Type.String(),
  actionId: Type.String(),
}

const Action = {
  verb: Type.Enum(LOGGED_VERBS),
  /** `server`: by a signed order. `local`: by somebody on this machine. */
  origin: Type.Union([Type.Literal('server'), Type.Literal('local')]),
}

/** Somebody asked for something. */
export const Asked = Type.Object({
  what: Type.Literal('asked'),
  ...Common,
  ...Action,
  /** As the order carries it, or as the local program says; null where it says nothing, as stop orders do. */
  requestor: Type.Union([Type.String(), Type.Null()]),
  comment: Type.Union([Type.String(), Type.Null()]),
  /** Null of what is no scan. */
  scanType: Type.Union([Type.String(), Type.Null()]),
  /** What it is about: paths, the id of a file in quarantine, a server. At most 20 of them. */
  subjects: Type.Array(Type.String()),
  subjectCount: Type.Integer({ minimum: 0 }),
})
export type Asked = Static<typeof Asked>

/** A scan found a threat; the first 20 of a scan are logged one by one. */
export const Found = Type.Object({
  what: Type.Literal('found'),
  ...Common,
  threatName: Type.String(),
  path: Type.String(),
  disposition: Type.String(),
})
export type Found = Static<typeof Found>

/** It ended, and this is what was reported. */
export const Ended = Type.Object({
  what: Type.Literal('ended'),
  ...Common,
  ...Action,
  ending: Type.String(),
  sentence: Type.String(),
  /** Of a scan that came far enough to have one. */
  report: Type.Optional(
    Type.Object({
      scanType: Type.String(),
      attempts: Type.Integer(),
      durationMs: Type.Integer(),
      engine: Type.String(),
      signatures: Type.Union([Type.String(), Type.Null()]),
      detections: Type.Integer(),
      /** In files; null of an engine that does not tell. */
      met: Type.Union([Type.Integer(), Type.Null()]),
      notScanned: Type.Union([Type.Integer(), Type.Null()]),
    }),
  ),
})
export type Ended = Static<typeof Ended>

/** One line of the local log. */
export const LogEntry = Type.Union([Asked, Found, Ended])
export type LogEntry = Static<typeof LogEntry>
export const logEntry = new LazySchema(LogEntry)
