import {
  describeCpuCeiling,
  describeEngine,
  describeLimits,
  describeRescan,
  describeWindows,
  ON_DETECTION_WORDS,
} from '@fleetsweep/client'
import { parseInstant, type Scan, type ScanReport } from '@fleetsweep/protocol'
import type { ReactNode } from 'react'
import { DetailList } from '../../components/DetailList.tsx'
import { OutsideText } from '../../components/OutsideText.tsx'
import { Section } from './Section.tsx'

/** What held for a scan: what was asked for, what the policy of the device group said, what judged under which limits. */
export function AppliedSettings({ scan }: { scan: Scan }) {
  const { settings, report, paths, rescan } = scan
  const rows: [string, ReactNode][] = [
    ['Looks at', paths && <Paths paths={paths} />],
    ['Unchanged files', describeRescan(settings?.rescan ?? rescan)],
    ['CPU at most', settings && describeCpuCeiling(settings, report)],
    ['Works', settings && describeWindows(settings.windows)],
    ['Found files', settings && ON_DETECTION_WORDS[settings.onDetection]],
    // Once there is a report, its own table counts them.
    ['Excluded by policy', settings && !report?.exclusions && <Exclusions paths={settings.exclusions} />],
    ['Policy', settings === null && 'what the device group’s says when the order goes out'],
    ['Judged by', report && <OutsideText text={engineOf(report, scan.endedAt)} />],
    ['Limits', report && describeLimits(report.engine.limits)],
  ]
  return (
    <Section title="Settings">
      <DetailList rows={rows} />
    </Section>
  )
}

function Exclusions({ paths }: { paths: readonly string[] }) {
  return paths.length === 0 ? 'nothing' : <Paths paths={paths} />
}

function Paths({ paths }: { paths: readonly string[] }) {
  return paths.map((path) => (
    <div key={path}>
      <OutsideText mono text={path} />
    </div>
  ))
}

function engineOf({ engine }: ScanReport, endedAt: string | null): string {
  return describeEngine(engine, endedAt === null ? undefined : parseInstant(endedAt))
}
