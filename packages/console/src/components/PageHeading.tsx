import { makeStyles, tokens, typographyStyles } from '@fluentui/react-components'
import { type ReactNode, useEffect, useRef } from 'react'

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    marginBottom: tokens.spacingVerticalL,
  },
  heading: { ...typographyStyles.title2, margin: 0, outlineStyle: 'none', overflowWrap: 'anywhere' },
  rest: {
    marginLeft: 'auto',
    display: 'flex',
    gap: tokens.spacingHorizontalS,
    alignItems: 'center',
    '@media (max-width: 480px)': { marginLeft: 0, width: '100%' },
  },
})

/** The heading of a page. It takes the focus, so that keyboards and screen readers start where the page does. */
export function PageHeading(props: { title: string; badge?: ReactNode; children?: ReactNode }) {
  const styles = useStyles()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${props.title} – Fleetsweep`
    heading.current?.focus()
  }, [props.title])
  return (
    <div className={styles.bar}>
      <h1 className={styles.heading} ref={heading} tabIndex={-1}>
        {props.title}
      </h1>
      {props.badge}
      <div className={styles.rest}>{props.children}</div>
    </div>
  )
}
