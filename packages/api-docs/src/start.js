// Swagger UI brings a look for each scheme and leaves the choice to the page.
const dark = window.matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

// Shows the description that this server gives of itself. Nothing is asked of any other site.
window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#description',
  // An operation has an address that can be sent to somebody.
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null,
})
