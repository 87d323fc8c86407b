import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { makeCertificate } from '../fixtures/certificate.js';

/** TLS before a server of this process, with a certificate of its own making for localhost. */
export interface TlsServer {
  readonly port: number;
  /** Whoever is to trust the server is given this file. */
  readonly certificateFile: string;
  close(): void;
}

/** Passes what comes by TLS on to a port. */
export async function startTlsServer(toPort: number, folder: string): Promise<TlsServer> {
  const { cert, key, certificateFile } = await makeCertificate(folder);
  const open = new Set<Socket>();
  const server = createServer({ key, cert }, (secure) => {
    const plain = connect(toPort, '127.0.0.1');
    for (const socket of [secure, plain]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        secure.destroy();
        plain.destroy();
      });
    }
    secure.pipe(plain).pipe(secure);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    certificateFile,
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
