import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, guid } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import type { SigningKeyPurpose } from './signing-key-store.ts'

function newKey(n: number, purpose: SigningKeyPurpose, sequence: number) {
  return {
    id: guid(n),
    purpose,
    sequence,
    publicKey: `public-${n}`,
    sealedPrivateKey: `sealed-${n}`,
    announcement: sequence === 1 ? null : `announced-${n}`,
  }
}

export function describeSigningKeyStore(kind: string, open: OpenBackend): void {
  describe(`signing keys on ${kind}`, () => {
    const bed = useTestbed(open)

    it('are listed by purpose, oldest first', async () => {
      const { ours, theirs } = await bed.twoTenants()
      await ours.signingKeys.add(newKey(2, 'order', 2), auditEntry())
      await ours.signingKeys.add(newKey(1, 'order', 1), auditEntry())
      await ours.signingKeys.add(newKey(3, 'token', 1), auditEntry())
      expect(await ours.signingKeys.list('order')).toMatchObject([
        newKey(1, 'order', 1),
        newKey(2, 'order', 2),
      ])
      expect(await ours.signingKeys.list('token')).toMatchObject([newKey(3, 'token', 1)])
      expect(await theirs.signingKeys.list('order')).toEqual([])
    })

    it('have one winner when two servers make the next key at once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      const before = await bed.rows('audit_entry', tenant)
      const answers = await Promise.all(
        [1, 2, 3].map((n) => ours.signingKeys.add(newKey(n, 'order', 1), auditEntry())),
      )
      expect(answers.toSorted()).toEqual(['added', 'exists', 'exists'])
      expect(await ours.signingKeys.list('order')).toHaveLength(1)
      expect(await bed.rows('audit_entry', tenant)).toHaveLength(before.length + 1)
    })
  })
}
