import { installCommand } from '@fleetsweep/protocol'
import { useMutation } from '@tanstack/react-query'
import { origin, useSession } from '../session/session.ts'

/** Makes an enrollment token and answers the line that installs the agent with it. The token is never shown again. */
export function useInstallCommand() {
  const { client } = useSession()
  return useMutation({
    mutationFn: async (wanted: { description: string; maxUses: number }) => {
      const { token } = await client.createEnrollmentToken(wanted)
      return installCommand(origin(), token)
    },
    // A secret is not kept longer than it is shown.
    gcTime: 0,
  })
}
