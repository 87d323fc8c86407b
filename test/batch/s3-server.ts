import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface S3rver {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

/** An S3 of the test's own, with the bucket `archives`, on a free port of this machine. */
export class S3Server {
  private constructor(
    private readonly server: S3rver,
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async start(): Promise<S3Server> {
    const Server = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => S3rver;
    const directory = await mkdtemp(join(tmpdir(), 'vidstyle-s3-'));
    const server = new Server({
      ...{ port: 0, address: '127.0.0.1', silent: true, directory, configureBuckets: [{ name: 'archives' }] },
      // It computes another signature than the SDK for listings below a prefix.
      allowMismatchedSignatures: true,
    });
    const { port } = await server.run();
    return new S3Server(server, directory, port);
  }

  /** What the AWS SDK finds in the environment. */
  get env(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${this.port}`,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
    };
  }

  async stop(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
