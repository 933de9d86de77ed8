/** The look of the sign-in pages: Fluent's colours, as the console has them, in light and dark. */
export const SIGN_IN_STYLE = `
:root { color-scheme: light dark; }
`
