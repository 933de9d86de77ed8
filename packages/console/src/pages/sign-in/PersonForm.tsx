import { readSignInInfo } from '@fleetsweep/client'
import { Button, Field, Input, Text } from '@fluentui/react-components'
import { type FormEvent, useEffect, useState } from 'react'
import { goToSignIn } from '../../session/person-session.ts'
import { origin } from '../../session/session.ts'
import { useFormStyles } from './use-form-styles.ts'

/** Goes to the server's own page for signing in; asks for the tenant where neither the address nor the server says it. */
export function PersonForm({ onTrouble }: { onTrouble: (trouble: Error | undefined) => void }) {
  const styles = useFormStyles()
  const known = useTenant(onTrouble)
  const [typed, setTyped] = useState('')
  const [checked, setChecked] = useState(false)
  const [busy, setBusy] = useState(false)
  const isAsked = known === null
  const tenant = known ?? typed.trim()

  async function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (tenant === '') return
    setBusy(true)
    onTrouble(undefined)
    try {
      await goToSignIn(tenant)
    } catch (error) {
      setBusy(false)
      onTrouble(error instanceof Error ? error : new Error(String(error)))
    }
  }

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {known && (
        <Text>
          With your account at <b>{known}</b>.
        </Text>
      )}
      {isAsked && (
        <Field
          label="Organisation"
          hint="Its domain, such as contoso.example"
          required
          validationState={checked && tenant === '' ? 'error' : 'none'}
          validationMessage={checked && tenant === '' ? 'The organisation’s domain is needed.' : null}
        >
          <Input
            name="tenant"
            value={typed}
            autoComplete="organization"
            onChange={(_, { value }) => setTyped(value)}
          />
        </Field>
      )}
      <Button appearance="primary" type="submit" disabledFocusable={busy || known === undefined}>
        {busy ? 'Signing in…' : 'Sign in'}
      </Button>
    </form>
  )
}

/** The tenant by the address (`?tenant=`), else the server's only one; null when the person must say, undefined until known. */
function useTenant(onTrouble: (trouble: Error) => void): string | null | undefined {
  const [tenant, setTenant] = useState<string | null | undefined>(
    () => new URLSearchParams(window.location.search).get('tenant') ?? undefined,
  )
  useEffect(() => {
    if (tenant !== undefined) return
    const abort = new AbortController()
    readSignInInfo(origin(), { signal: abort.signal }).then(
      (info) => setTenant(info.tenant?.domain ?? null),
      (error: Error) => {
        if (abort.signal.aborted) return
        setTenant(null)
        onTrouble(error)
      },
    )
    return () => abort.abort()
  }, [tenant, onTrouble])
  return tenant
}
