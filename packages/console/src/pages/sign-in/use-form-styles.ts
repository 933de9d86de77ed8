import { makeStyles, tokens } from '@fluentui/react-components'

/** The look of both ways to sign in. */
export const useFormStyles = makeStyles({
  // Fields may be narrower than an input likes to be, so that they fit on a telephone.
  form: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalM },
})
