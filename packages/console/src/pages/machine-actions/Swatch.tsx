import type { CoverageRow } from '@fleetsweep/client'
import { makeStyles, tokens } from '@fluentui/react-components'

const useStyles = makeStyles({
  swatch: {
    display: 'inline-block',
    width: '12px',
    height: '12px',
    marginRight: tokens.spacingHorizontalS,
    borderRadius: tokens.borderRadiusSmall,
    verticalAlign: '-1px',
    forcedColorAdjust: 'none',
  },
})

/** What was read and judged is green and blue; what was not has colours that are neither. */
const COLORS: Record<CoverageRow['key'], string> = {
  scanned: tokens.colorPaletteGreenBackground3,
  unchanged: tokens.colorPaletteTealBorderActive,
  duplicate: tokens.colorPaletteBlueBorderActive,
  tooLarge: tokens.colorPaletteDarkOrangeBackground3,
  engineLimit: tokens.colorPalettePumpkinBorderActive,
  encrypted: tokens.colorPalettePurpleBorderActive,
  timedOut: tokens.colorPaletteMarigoldBackground3,
  engineError: tokens.colorPaletteRedBackground3,
  unreadable: tokens.colorPaletteCranberryBorderActive,
  vanished: tokens.colorPaletteBeigeBorderActive,
  changedWhileScanning: tokens.colorPaletteMagentaBorderActive,
  specialFile: tokens.colorNeutralStrokeAccessible,
  excluded: tokens.colorPaletteBrownBorderActive,
  cancelled: tokens.colorPaletteYellowBackground3,
}

export function swatchColor(key: CoverageRow['key']): string {
  return COLORS[key]
}

/** The colour of a part of the coverage, beside its words. */
export function Swatch({ of }: { of: CoverageRow['key'] }) {
  return <span className={useStyles().swatch} style={{ backgroundColor: COLORS[of] }} aria-hidden />
}
