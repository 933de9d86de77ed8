const inReadersZone = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** A moment of the API in the reader's own zone; the exact text of the API shows on hovering. */
export function Moment({ at }: { at: string | null }) {
  const date = at === null ? undefined : new Date(at)
  if (at === null || !date || Number.isNaN(date.getTime())) return <>–</>
  return (
    <time dateTime={at} title={at}>
      {inReadersZone.format(date)}
    </time>
  )
}
