import { makeStyles, tokens } from '@fluentui/react-components'

/** The look that all tables share: as wide as they need, scrolling inside a narrow page. */
export const useTableStyles = makeStyles({
  scroller: {
    overflowX: 'auto',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  table: {
    width: '100%',
    borderCollapse: 'collapse',
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase300,
    '& th, & td': {
      textAlign: 'left',
      verticalAlign: 'top',
      padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    },
    // As attributes, because these must win against the plain cells above.
    '& [data-number]': { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
    '& [data-number], & [data-one-line]': { whiteSpace: 'nowrap' },
    '& thead th': {
      fontWeight: tokens.fontWeightSemibold,
      whiteSpace: 'nowrap',
      backgroundColor: tokens.colorNeutralBackground2,
    },
    '& tbody tr': { borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
    '& tbody tr:hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    '& tbody th': { fontWeight: tokens.fontWeightRegular },
    '& tfoot tr': { borderTop: `1px solid ${tokens.colorNeutralStroke1}` },
    '& tfoot th, & tfoot td': { fontWeight: tokens.fontWeightSemibold },
  },
  note: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
})
