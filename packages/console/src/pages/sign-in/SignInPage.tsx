import {
  Card,
  Link,
  MessageBar,
  MessageBarBody,
  makeStyles,
  Text,
  tokens,
  typographyStyles,
} from '@fluentui/react-components'
import { ShieldTaskRegular } from '@fluentui/react-icons'
import { useEffect, useRef, useState } from 'react'
import { ErrorWords } from '../../components/Outcome.tsx'
import type { Session } from '../../session/session.ts'
import { ApplicationForm } from './ApplicationForm.tsx'
import { PersonForm } from './PersonForm.tsx'

const useStyles = makeStyles({
  page: {
    minHeight: '100vh',
    display: 'grid',
    placeItems: 'center',
    padding: tokens.spacingHorizontalL,
    boxSizing: 'border-box',
    backgroundColor: tokens.colorNeutralBackground3,
  },
  card: { width: 'min(420px, 100%)', boxSizing: 'border-box', padding: tokens.spacingHorizontalXXL },
  name: { display: 'flex', alignItems: 'center', gap: '8px', color: tokens.colorBrandForeground1 },
  heading: { ...typographyStyles.title2, margin: 0, outlineStyle: 'none' },
  other: { alignSelf: 'start', color: tokens.colorNeutralForeground2, textDecorationLine: 'underline' },
})

type Kind = 'person' | 'application'

/** @param props.trouble why nobody is signed in, where that is not plain */
export function SignInPage(props: {
  trouble: Error | undefined
  onTrouble: (trouble: Error | undefined) => void
  onSignedIn: (session: Session) => void
}) {
  const { trouble, onTrouble, onSignedIn } = props
  const styles = useStyles()
  const [kind, setKind] = useState<Kind>('person')
  const heading = useRef<HTMLHeadingElement>(null)
  const isPerson = kind === 'person'
  const title = isPerson ? 'Sign in' : 'Sign in as an application'
  useEffect(() => {
    document.title = `${title} – Fleetsweep`
    heading.current?.focus()
  }, [title])

  return (
    <main className={styles.page}>
      <Card className={styles.card}>
        <Text className={styles.name} weight="semibold">
          <ShieldTaskRegular fontSize={24} aria-hidden /> Fleetsweep
        </Text>
        <h1 className={styles.heading} ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {trouble && (
          <MessageBar intent="error" layout="multiline">
            <MessageBarBody>
              <ErrorWords error={trouble} />
            </MessageBarBody>
          </MessageBar>
        )}
        {isPerson ? (
          <PersonForm onTrouble={onTrouble} />
        ) : (
          <ApplicationForm onTrouble={onTrouble} onSignedIn={onSignedIn} />
        )}
        <Link
          as="button"
          className={styles.other}
          onClick={() => {
            onTrouble(undefined)
            setKind(isPerson ? 'application' : 'person')
          }}
        >
          {isPerson ? 'Sign in as an application' : 'Sign in as a person'}
        </Link>
      </Card>
    </main>
  )
}
