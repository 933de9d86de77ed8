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
