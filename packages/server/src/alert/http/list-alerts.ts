import { Alert } from '@fleetsweep/protocol'
import { ExpandQuery, ListOf, readListQuery } from '../../kit/odata/index.ts'
import { operation } from '../../principal/index.ts'
import type { AlertService } from '../index.ts'
import { alertList } from './alert-list.ts'

const READ = {
  permission: ['Alert.Read.All', 'Alert.ReadWrite.All'],
  role: ['ViewData'],
  reach: 'machines',
} as const

/** @see https://learn.microsoft.com/en-us/defender-endpoint/api/get-alerts */
export const listAlerts = operation({
  route: 'GET /api/alerts',
  summary: 'List alerts',
  access: READ,
  query: ExpandQuery,
  answers: { 200: ListOf(Alert) },
  handle: (request, { alerts }: { alerts: AlertService }) => alertList(request, alerts),
})

/** How many there are, as a bare number. */
export const countAlerts = operation({
  route: 'GET /api/alerts/$count',
  summary: 'Count alerts',
  access: READ,
  answers: { 200: 'text/plain; charset=utf-8' },
  handle: async ({ principal, search }, { alerts }: { alerts: AlertService }) =>
    String(await alerts.countAlerts(principal, readListQuery(search))),
})
