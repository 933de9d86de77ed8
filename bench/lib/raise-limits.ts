import type { PreparedServer, ServerProcess } from '../../packages/testkit/src/server-process.ts'

/** Lets the first application call as often as it likes, by the override that every operator has; it is audited. */
export async function raiseLimits(server: ServerProcess, { application }: PreparedServer): Promise<void> {
  const limits = { perMinute: 1_000_000, perHour: 100_000_000 }
  const answer = await server.call(`PUT /fleet/v1/applications/${application.id}/limits`, limits)
  if (!answer.ok) throw new Error(`The limits were not raised: ${answer.status} ${await answer.text()}`)
  await answer.body?.cancel()
}
