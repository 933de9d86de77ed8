import { Link as FluentLink } from '@fluentui/react-components'
import { createLink } from '@tanstack/react-router'

/** A link to a page of the console, in the look of Fluent UI. */
export const PageLink = createLink(FluentLink)
