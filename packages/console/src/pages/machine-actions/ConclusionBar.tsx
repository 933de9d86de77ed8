import { CONCLUSION_WORDS } from '@fleetsweep/client'
import { type Conclusion, conclusionOf, type Scan } from '@fleetsweep/protocol'
import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'

const INTENT: Record<Conclusion['word'], 'success' | 'warning' | 'error'> = {
  clean: 'success',
  nothingFound: 'warning',
  threatsFound: 'error',
}

/** What may be said of a scan that has ended; without a conclusion it says why there is none. */
export function ConclusionBar({ scan }: { scan: Scan }) {
  const conclusion = conclusionOf(scan)
  if (!conclusion) {
    return (
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>No conclusion</MessageBarTitle>
          {scan.report
            ? 'The scan did not come to its end; below is what it did until then.'
            : 'The machine sent no report.'}
          {scan.reportedLate && ' The report came after the action had ended.'}
        </MessageBarBody>
      </MessageBar>
    )
  }
  return (
    <MessageBar intent={INTENT[conclusion.word]} layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>{CONCLUSION_WORDS[conclusion.word]}</MessageBarTitle>
        {conclusion.sentence}
      </MessageBarBody>
    </MessageBar>
  )
}
