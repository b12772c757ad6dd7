// TLS settings of every listener: TLS 1.3 (RFC 8446) with hybrid key agreement (RFC 10024).
import type { TlsOptions } from 'node:tls'

// A client that knows no ML-KEM still gets X25519 or a NIST curve; traffic recorded today from the others stays
// closed to a later quantum computer.
const groups = 'X25519MLKEM768:SecP256r1MLKEM768:X25519:P-256:P-384'

/**
 * Options for `tls.createServer` and `https.createServer`.
 *
 * @param certificatePem  the server's certificate and its chain
 * @param keyPem          its private key
 * @param clientCaPem     when given, only clients with a certificate of this authority get through the handshake
 */
export function tlsServerOptions(options: {
  certificatePem: string
  keyPem: string
  clientCaPem?: string
}): TlsOptions {
  return {
    cert: options.certificatePem,
    key: options.keyPem,
    minVersion: 'TLSv1.3',
    ecdhCurve: groups,
    ...(options.clientCaPem === undefined
      ? {}
      : { ca: options.clientCaPem, requestCert: true, rejectUnauthorized: true }),
  }
}
