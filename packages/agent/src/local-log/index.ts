export { type HistoryItem, readHistory } from './history.ts'
export { type AskedAction, type EndedAction, LocalLog, type Witness } from './local-log.ts'
export { LOGGED_VERBS, type LoggedVerb } from './log-entry.ts'
