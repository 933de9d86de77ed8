import { type DeviceGroupId, UNGROUPED, UNGROUPED_NAME } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { OpenBackend } from '../../tests/stores/backends.ts'
import { auditEntry, newDeviceGroup, rule } from '../../tests/stores/builders.ts'
import { useTestbed } from '../../tests/stores/testbed.ts'
import type { TenantStores } from '../stores.ts'
import { DEFAULT_SCAN_POLICY } from './scan-policy.ts'

export function describeScanPolicyStore(kind: string, open: OpenBackend): void {
  describe(`scan policies on ${kind}`, () => {
    const bed = useTestbed(open)
    const first = 1 as DeviceGroupId
    const addGroup = (stores: TenantStores) =>
      stores.deviceGroups.create(newDeviceGroup('Lab', rule('name', 'startsWith', 'lab-')), auditEntry())

    it('are the defaults until somebody changes them, of the ungrouped devices too', async () => {
      const { ours } = await bed.twoTenants()
      await addGroup(ours)
      for (const deviceGroup of [UNGROUPED, first]) {
        expect(await ours.scanPolicies.find(deviceGroup)).toEqual({
          deviceGroup,
          settings: DEFAULT_SCAN_POLICY,
          changedAt: null,
        })
      }
    })

    it('change in what is named, and the audit has what was and what is', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await addGroup(ours)
      await ours.scanPolicies.change(first, { exclusions: ['/srv/mail'] }, auditEntry())
      const audit = auditEntry({ id: 'second', operation: 'scanPolicy.change', target: '1' })
      const changed = await ours.scanPolicies.change(first, { onDetection: 'quarantine' }, audit)
      const before = { ...DEFAULT_SCAN_POLICY, exclusions: ['/srv/mail'] }
      const settings = { ...before, onDetection: 'quarantine' }
      const policy = { deviceGroup: first, settings, changedAt: expect.any(Number) }
      expect(changed).toEqual({ kind: 'changed', policy })
      expect(await ours.scanPolicies.find(first)).toEqual(policy)
      expect(await ours.scanPolicies.find(UNGROUPED)).toMatchObject({ changedAt: null })
      const entries = await bed.rows('audit_entry', tenant)
      expect(JSON.parse(String(entries.find(({ id }) => id === 'second')?.detail))).toEqual({
        before: JSON.stringify(before),
        after: JSON.stringify(settings),
      })
    })

    it('go back to the defaults, and the audit has what was, once', async () => {
      const { tenant, ours } = await bed.twoTenants()
      await addGroup(ours)
      await ours.scanPolicies.change(first, { cpuCeilingPercent: 20 }, auditEntry())
      for (const id of ['removed', 'again']) {
        const audit = auditEntry({ id, operation: 'scanPolicy.remove', target: '1' })
        expect(await ours.scanPolicies.remove(first, audit)).toEqual({ kind: 'removed' })
      }
      expect(await ours.scanPolicies.find(first)).toMatchObject({ changedAt: null })
      const entries = await bed.rows('audit_entry', tenant)
      const removals = entries.filter(({ operation }) => operation === 'scanPolicy.remove')
      expect(removals).toMatchObject([{ id: 'removed', detail: expect.stringContaining('20') }])
    })

    it('are listed with the names of their groups, those of other tenants never', async () => {
      const { ours, theirs } = await bed.twoTenants()
      await addGroup(ours)
      await ours.scanPolicies.change(UNGROUPED, { cpuCeilingPercent: 20 }, auditEntry())
      expect(await ours.scanPolicies.list()).toMatchObject([
        { deviceGroup: first, deviceGroupName: 'Lab', changedAt: null },
        { deviceGroup: UNGROUPED, deviceGroupName: UNGROUPED_NAME, settings: { cpuCeilingPercent: 20 } },
      ])
      expect((await theirs.scanPolicies.list()).filter(({ changedAt }) => changedAt !== null)).toEqual([])
    })

    it('are not there of a device group that is not, and go with one that is deleted', async () => {
      const { tenant, ours } = await bed.twoTenants()
      expect(await ours.scanPolicies.find(first)).toBeUndefined()
      expect(await ours.scanPolicies.change(first, {}, auditEntry())).toEqual({ kind: 'unknown' })
      expect(await ours.scanPolicies.remove(first, auditEntry())).toEqual({ kind: 'unknown' })
      await addGroup(ours)
      await ours.scanPolicies.change(first, { cpuCeilingPercent: 20 }, auditEntry())
      await ours.deviceGroups.delete(first, auditEntry())
      expect(await ours.scanPolicies.find(first)).toBeUndefined()
      expect(await bed.rows('scan_policy', tenant)).toEqual([])
    })
  })
}
