import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openVideo } from '../../src/media/index.js';
import { runCli } from '../cli/run-cli.js';
import { LiveHouse } from './live-house.js';
import { startTlsServer, type TlsServer } from './tls-server.js';
import { until } from './watcher.js';

let house: LiveHouse;
let folder: string;
beforeAll(async () => {
  house = await LiveHouse.open();
  folder = await mkdtemp(join(tmpdir(), 'vidstyle-command-'));
});
afterEach(() => house.stopAll());
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

const app = (): string => `rtmp://127.0.0.1:${house.server.port}/live`;
const arrives = (key: string): Promise<void> =>
  until(() => house.server.sessions(key, 'publisher').length > 0, `the stream ${key}`);

describe('vidstyle live', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'completes the recording at %s and exits with 130',
    async (signal) => {
      await house.signal('in');
      const record = join(folder, `${signal}.mp4`);
      const { code, stderr } = await runCli(
        ['live', house.url('in'), '--style', 'mosaic', '--record', record],
        /Sending 160×96 at 25 pictures a second/,
        { signal, beforeInterruption: () => delay(1500) },
      );
      expect(stderr).toContain('Interrupted.');
      expect(code).toBe(130);
      await using video = await openVideo(record);
      let frames = 0;
      for await (const frame of video.frames()) {
        frames += 1;
        frame.close();
      }
      expect(frames).toBeGreaterThan(15);
    },
  );

  it.each([
    ['argument', (key: string) => ({ flags: ['--stream-key', key], env: {} })],
    ['environment', (key: string) => ({ flags: [], env: { VIDSTYLE_STREAM_KEY: key } })],
    ['file', (key: string) => ({ flags: ['--stream-key-file', join(folder, key)], env: {} })],
  ])('takes the stream key by %s and shows it nowhere', async (source, ways) => {
    const key = `sk-${source}-7f3a`;
    await writeFile(join(folder, key), `${key}\n`);
    await house.signal('in');
    const { flags, env } = ways(key);
    let listed = '';
    const { code, stderr, stdout } = await runCli(
      ['live', house.url('in'), app(), '--style', 'mosaic', ...flags],
      /Sending/,
      {
        env,
        beforeInterruption: async (pid) => {
          await arrives(key);
          listed = await readFile(`/proc/${pid}/cmdline`, 'utf8');
          house.server.drop(key, 'publisher');
          await delay(300);
        },
      },
    );
    expect(code).toBe(130);
    expect(stderr).toContain('is gone');
    expect(stderr + stdout + listed).not.toContain('7f3a');
    expect(listed).toContain('vidstyle live');
  });

  describe('refuses', () => {
    let taken: Server;
    beforeAll(async () => {
      taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
    });
    afterAll(() => {
      taken.close();
    });

    const output = 'rtmp://127.0.0.1:1/live/secret-9d1c';
    it.each([
      ['an output by another protocol', ['clip.mp4', 'http://127.0.0.1/secret-9d1c'], 'is no RTMP address'],
      ['an input by another protocol', ['gopher://127.0.0.1/secret-9d1c', output], 'cannot be read by gopher'],
      ['a port that there is not', ['clip.mp4', 'rtmp://127.0.0.1:70000/live/secret-9d1c'], 'no RTMP address'],
      ['a console’s port that there is not', ['clip.mp4', '--console', '70000'], 'from 0 to 65535'],
      ['a console for others without a token', ['clip.mp4', '--console', '8099', '--console-host', '0.0.0.0'], 'token'],
      ['listening for anything but RTMP', ['srt://127.0.0.1:9', output, '--listen'], 'rtmp://'],
      ['to go nowhere', ['clip.mp4'], 'where the stream is to go'],
      ['a key file that is not there', ['clip.mp4', output, '--stream-key-file', '/none'], '--stream-key-file'],
    ])('%s', async (_, asked, reason) => {
      const { code, stderr } = await runCli(['live', ...asked, '--style', 'mosaic']);
      expect(stderr).toContain(reason);
      expect(stderr).not.toContain('9d1c');
      expect(code).toBe(2);
    }); // prettier-ignore

    it('a console’s port that is in use', async () => {
      const { port } = taken.address() as { port: number };
      const asked = ['clip.mp4', '--style', 'mosaic', '--console', String(port)];
      const { code, stderr } = await runCli(['live', ...asked]);
      expect(stderr).toContain(`The console cannot listen at 127.0.0.1:${port}`);
      expect(code).toBe(2);
    });
  });
});

describe('an RTMPS output', () => {
  let server: TlsServer;
  beforeAll(async () => {
    server = await startTlsServer(house.server.port, folder);
  });
  afterAll(() => {
    server.close();
  });

  it('is sent to where its certificate is trusted', async () => {
    await house.signal('in');
    const { code, stderr } = await runCli(
      ['live', house.url('in'), `rtmps://localhost:${server.port}/live/over-tls`, '--style', 'mosaic'],
      /Sending/,
      {
        env: { NODE_EXTRA_CA_CERTS: server.certificateFile },
        beforeInterruption: () => arrives('over-tls'),
      },
    );
    expect(code).toBe(130);
    expect(stderr).not.toContain('cannot be reached');
  });

  it.each(['localhost', '127.0.0.1'])('is refused where it is not: %s', async (host) => {
    await house.signal('in');
    const { notices } = house.start({ output: `rtmps://${host}:${server.port}/live/secret-key` });
    await until(() => notices.some((notice) => notice.includes('cannot be reached')), 'the refusal');
    expect(notices.join(' ')).toContain('self-signed certificate');
    expect(notices.join(' ')).not.toContain('secret-key');
  });
});
