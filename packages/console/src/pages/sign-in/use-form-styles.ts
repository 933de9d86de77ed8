import { makeStyles, tokens } from '@fluentui/react-components'

/** The look of both ways to sign in. */
export const useFormStyles = makeStyles({
  form: { display: 'grid', gap: tokens.spacingVerticalM },
})
