export { type CertifiedKey, createLocalCa, issueServerCertificate } from './local-ca.ts'
export { loadServerTls, type ServerTls } from './server-tls.ts'
