import { useMutation } from '@tanstack/react-query'
import { useSession } from '../session/session.ts'

/** Fetches the whole list of what a scan left out. A link could not: it would go without the sign-in. */
export function useNotScannedList(actionId: string) {
  const { client } = useSession()
  return useMutation({
    // The server takes no more than 64 MiB of one, compressed as it comes.
    mutationFn: async () => new Response(await client.openNotScanned(actionId)).blob(),
  })
}
