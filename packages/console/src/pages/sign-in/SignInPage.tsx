import {
  Button,
  Card,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
  makeStyles,
  Text,
  tokens,
  typographyStyles,
} from '@fluentui/react-components'
import { ShieldTaskRegular } from '@fluentui/react-icons'
import { type FormEvent, useEffect, useState } from 'react'
import { ErrorWords } from '../../components/Outcome.tsx'
import { type Session, type SignIn, signIn } from '../../session/session.ts'
import { checkSignIn } from './sign-in-form.ts'

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
  heading: { ...typographyStyles.title2, margin: 0 },
  form: { display: 'grid', gap: tokens.spacingVerticalM },
})

type Attempt = { kind: 'idle' } | { kind: 'busy' } | { kind: 'failed'; error: Error }

export function SignInPage({ onSignedIn }: { onSignedIn: (session: Session) => void }) {
  const styles = useStyles()
  const [form, setForm] = useState<SignIn>({ tenant: '', clientId: '', clientSecret: '' })
  const [checked, setChecked] = useState(false)
  const [attempt, setAttempt] = useState<Attempt>({ kind: 'idle' })
  const problems = checked ? checkSignIn(form) : {}
  useEffect(() => {
    document.title = 'Sign in – Fleetsweep'
  }, [])

  async function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (Object.keys(checkSignIn(form)).length > 0) return
    setAttempt({ kind: 'busy' })
    try {
      const { tenant, clientId, clientSecret } = form
      onSignedIn(await signIn({ tenant: tenant.trim(), clientId: clientId.trim(), clientSecret }))
    } catch (error) {
      setAttempt({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) })
    }
  }

  const field = (name: keyof SignIn, label: string, type: 'text' | 'password') => (
    <Field
      label={label}
      required
      validationState={problems[name] === undefined ? 'none' : 'error'}
      validationMessage={problems[name] ?? null}
    >
      <Input
        name={name}
        type={type}
        value={form[name]}
        autoComplete="off"
        onChange={(_, { value }) => setForm({ ...form, [name]: value })}
      />
    </Field>
  )

  return (
    <main className={styles.page}>
      <Card className={styles.card}>
        <Text className={styles.name} weight="semibold">
          <ShieldTaskRegular fontSize={24} aria-hidden /> Fleetsweep
        </Text>
        <h1 className={styles.heading}>Sign in</h1>
        <Text>Sign in as an application. Its secret stays in this page’s memory and is gone with it.</Text>
        <form className={styles.form} onSubmit={submit} noValidate>
          {field('tenant', 'Tenant', 'text')}
          {field('clientId', 'Application id', 'text')}
          {field('clientSecret', 'Secret', 'password')}
          {attempt.kind === 'failed' && (
            <MessageBar intent="error" layout="multiline">
              <MessageBarBody>
                <ErrorWords error={attempt.error} />
              </MessageBarBody>
            </MessageBar>
          )}
          <Button appearance="primary" type="submit" disabledFocusable={attempt.kind === 'busy'}>
            {attempt.kind === 'busy' ? 'Signing in…' : 'Sign in'}
          </Button>
        </form>
      </Card>
    </main>
  )
}
