import { Button, Field, Input, Text } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { type ApplicationSignIn, signInAsApplication } from '../../session/application-session.ts'
import type { Session } from '../../session/session.ts'
import { checkSignIn } from './sign-in-form.ts'
import { useFormStyles } from './use-form-styles.ts'

/** Signs in with an application's id and secret, for installations that have no people yet. */
export function ApplicationForm(props: {
  onTrouble: (trouble: Error | undefined) => void
  onSignedIn: (session: Session) => void
}) {
  const styles = useFormStyles()
  const [form, setForm] = useState<ApplicationSignIn>({ tenant: '', clientId: '', clientSecret: '' })
  const [checked, setChecked] = useState(false)
  const [busy, setBusy] = useState(false)
  const problems = checked ? checkSignIn(form) : {}

  async function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (Object.keys(checkSignIn(form)).length > 0) return
    setBusy(true)
    props.onTrouble(undefined)
    try {
      const { tenant, clientId, clientSecret } = form
      const signIn = { tenant: tenant.trim(), clientId: clientId.trim(), clientSecret }
      props.onSignedIn(await signInAsApplication(signIn))
    } catch (error) {
      setBusy(false)
      props.onTrouble(error instanceof Error ? error : new Error(String(error)))
    }
  }

  const field = (name: keyof ApplicationSignIn, label: string, type: 'text' | 'password') => (
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
    <form className={styles.form} onSubmit={submit} noValidate>
      <Text>Its secret stays in this page’s memory and is gone with it.</Text>
      {field('tenant', 'Tenant', 'text')}
      {field('clientId', 'Application id', 'text')}
      {field('clientSecret', 'Secret', 'password')}
      <Button appearance="primary" type="submit" disabledFocusable={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </Button>
    </form>
  )
}
