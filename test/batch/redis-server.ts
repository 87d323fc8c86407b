import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { makeCertificate } from '../fixtures/certificate.js';

/** A Redis of the test's own, on a free port of this machine, that writes down what it is told. */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly tls: boolean,
  ) {}

  /** @param tls speak TLS alone, with a certificate signed by {@link RedisServer.ca} */
  static async start({ tls = false } = {}): Promise<RedisServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    const server = new RedisServer(port, await mkdtemp(join(tmpdir(), 'vidstyle-redis-')), tls);
    if (tls) await makeCertificate(server.folder);
    await server.run();
    return server;
  }

  get url(): string {
    return this.tls ? `rediss://:secret@localhost:${this.port}` : `redis://:secret@127.0.0.1:${this.port}`;
  }

  /** The file with the certificate that the server's is signed by: itself. */
  get ca(): string {
    return join(this.folder, 'certificate.pem');
  }

  /** Ends the server, as a machine that is switched off and on again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.run();
  }

  async stop(): Promise<void> {
    const { process } = this;
    if (process?.exitCode !== null || process.signalCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  private async run(): Promise<void> {
    const persistent = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', this.folder, '--save', ''];
    const port = String(this.port);
    const certificate = ['--tls-cert-file', this.ca, '--tls-key-file', join(this.folder, 'key.pem'), '--tls-auth-clients', 'no']; // prettier-ignore
    const listen = this.tls ? ['--tls-port', port, '--port', '0', ...certificate] : ['--port', port];
    const reach = [...listen, '--bind', '127.0.0.1', '--requirepass', 'secret'];
    this.process = spawn('redis-server', [...reach, ...persistent], { stdio: 'ignore' });
    for (let tries = 0; tries < 200; tries += 1) {
      const client = new Redis(this.url, {
        ...(this.tls && { tls: { ca: await readFile(this.ca) } }),
        lazyConnect: true,
        retryStrategy: () => null,
        maxRetriesPerRequest: 0,
      });
      client.on('error', () => undefined);
      const answer = await client.connect().then(() => client.ping(), () => ''); // prettier-ignore
      client.disconnect();
      if (answer === 'PONG') return;
      await delay(50);
    }
    throw new Error('redis-server did not start');
  }
}
