import { safeText } from '@fleetsweep/client'
import {
  Badge,
  Button,
  makeStyles,
  mergeClasses,
  Text,
  Tooltip,
  tokens,
  typographyStyles,
} from '@fluentui/react-components'
import {
  BookOpenRegular,
  BoxRegular,
  DesktopRegular,
  GroupListRegular,
  ShieldTaskRegular,
  SignOutRegular,
  TaskListSquareLtrRegular,
  WeatherMoonRegular,
  WeatherSunnyRegular,
} from '@fluentui/react-icons'
import { Link, Outlet } from '@tanstack/react-router'
import { use } from 'react'
import { type Live, LiveContext, useLiveEvents } from '../queries/live-events.ts'
import { SchemeContext } from '../session/scheme.ts'
import { useSession, type Who } from '../session/session.ts'
import { DialogHost } from './DialogHost.tsx'

const useStyles = makeStyles({
  shell: { minHeight: '100vh', display: 'flex', flexDirection: 'column' },
  header: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: `0 ${tokens.spacingHorizontalL}`,
    padding: `0 ${tokens.spacingHorizontalXXL}`,
    minHeight: '48px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  name: {
    ...typographyStyles.subtitle2,
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    minHeight: '40px',
  },
  mark: { color: tokens.colorBrandForeground1, fontSize: '24px' },
  nav: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalXS },
  link: {
    display: 'flex',
    alignItems: 'center',
    gap: '6px',
    height: '48px',
    padding: `0 ${tokens.spacingHorizontalM}`,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    borderBottom: '2px solid transparent',
    boxSizing: 'border-box',
    ':hover': { color: tokens.colorNeutralForeground1, backgroundColor: tokens.colorSubtleBackgroundHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  active: {
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    borderBottomColor: tokens.colorCompoundBrandStroke,
  },
  end: {
    marginLeft: 'auto',
    minWidth: 0,
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
  },
  whole: { flexShrink: 0, whiteSpace: 'nowrap' },
  who: {
    minWidth: 0,
    color: tokens.colorNeutralForeground2,
    maxWidth: '24ch',
    overflowX: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  main: {
    padding: `${tokens.spacingVerticalXL} ${tokens.spacingHorizontalXXL}`,
    maxWidth: '1400px',
    width: '100%',
    boxSizing: 'border-box',
  },
})

const LIVE_LOOK: Record<Live, { words: string; color: 'success' | 'warning' | 'informative'; hint: string }> =
  {
    connected: { words: 'Live', color: 'success', hint: 'Changes show at once.' },
    connecting: { words: 'Connecting', color: 'informative', hint: 'Connecting to the live events.' },
    disconnected: {
      words: 'Reconnecting',
      color: 'warning',
      hint: 'The server does not answer; trying again.',
    },
    refused: {
      words: 'Not live',
      color: 'informative',
      hint: 'Without live events, pages look every 15 seconds.',
    },
  }

/** Frame of every page: navigation, whether it is live, who is signed in. */
export function Shell() {
  const styles = useStyles()
  const live = useLiveEvents()
  const link = {
    className: styles.link,
    activeProps: { className: mergeClasses(styles.link, styles.active) },
  }
  return (
    <LiveContext value={live}>
      <div className={styles.shell}>
        <header className={styles.header}>
          <span className={styles.name}>
            <ShieldTaskRegular className={styles.mark} aria-hidden /> Fleetsweep
          </span>
          <nav className={styles.nav} aria-label="Pages">
            <Link to="/machines" {...link}>
              <DesktopRegular aria-hidden /> Machines
            </Link>
            <Link to="/actions" {...link}>
              <TaskListSquareLtrRegular aria-hidden /> Machine actions
            </Link>
            <Link to="/device-groups" {...link}>
              <GroupListRegular aria-hidden /> Device groups
            </Link>
            <Link to="/quarantine" {...link}>
              <BoxRegular aria-hidden /> Quarantine
            </Link>
          </nav>
          <HeaderEnd live={live} />
        </header>
        <main className={styles.main}>
          <DialogHost>
            <Outlet />
          </DialogHost>
        </main>
      </div>
    </LiveContext>
  )
}

function HeaderEnd({ live }: { live: Live }) {
  const styles = useStyles()
  const { who, signOut } = useSession()
  const { scheme, choose } = use(SchemeContext)
  const { words, color, hint } = LIVE_LOOK[live]
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <div className={styles.end}>
      <Tooltip content={hint} relationship="description">
        <Badge className={styles.whole} appearance="tint" color={color} role="status">
          {words}
        </Badge>
      </Tooltip>
      <Tooltip content={`Use ${other} colours`} relationship="label">
        <Button
          appearance="subtle"
          icon={scheme === 'dark' ? <WeatherSunnyRegular /> : <WeatherMoonRegular />}
          onClick={() => choose(other)}
        />
      </Tooltip>
      <Tooltip content="The API, to read and try" relationship="label">
        <Button appearance="subtle" as="a" href="/api-docs" icon={<BookOpenRegular />} />
      </Tooltip>
      <Tooltip content={`Signed in as ${safeText(longNameOf(who))}`} relationship="description">
        <Text className={styles.who}>{safeText(shortNameOf(who))}</Text>
      </Tooltip>
      <Button className={styles.whole} appearance="subtle" icon={<SignOutRegular />} onClick={signOut}>
        Sign out
      </Button>
    </div>
  )
}

function shortNameOf(who: Who): string {
  return who.kind === 'person' ? who.person.displayName : `Application ${who.clientId.slice(0, 8)}`
}

function longNameOf(who: Who): string {
  return who.kind === 'person' ? who.person.userPrincipalName : `application ${who.clientId}`
}
