export { type CertifiedKey, createLocalCa, issueServerCertificate } from './local-ca.ts'
export { aliasesOf, originsOf } from './server-origins.ts'
export { loadServerTls, type ServerTls } from './server-tls.ts'
