import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { dirname } from 'node:path';
import { redisConnection } from '../../src/batch/redis.js';
import { longClip, makeArchive } from './archive.js';
import { TestProcesses, type ChildPart, type TestProcess } from './processes.js';
import { RedisServer } from './redis-server.js';

let server: RedisServer;
const processes = new TestProcesses();

beforeAll(async () => {
  server = await RedisServer.start({ tls: true });
});

afterEach(() => processes.endAll());

afterAll(() => server.stop());

const start = (part: ChildPart, options: object, env?: NodeJS.ProcessEnv): TestProcess =>
  processes.start(part, { redis: server.url, ...options }, env);

it('is reached by TLS and password, the certificate known by its file or from Node’s environment', async () => {
  const place = await makeArchive({ 'long.mp4': longClip(25) });
  const address = server.url.replace(':secret@', '');
  const byEnvironment = { NODE_EXTRA_CA_CERTS: server.ca, VIDSTYLE_REDIS_PASSWORD: 'secret' };
  const roots = [dirname(place.archive)];
  start('worker', { redis: address, roots, settings: { threads: 1 } }, byEnvironment);
  const { archive, out, work } = place;
  const options = { archive, out, work, segmentSeconds: 0.4, redisCa: server.ca };
  expect(await start('batch', options).outcome()).toMatchObject({ done: 1, failures: [] });
  const board = await start('board', { port: 0, redisCa: server.ca }).outcome();
  expect(board).toMatchObject({ url: expect.stringMatching(/^http:/) as unknown });
});

it('is not used where the certificate is not known, or the password wrong; no message holds it', async () => {
  const unknown = await start('worker', { roots: ['/'] }).outcome();
  expect(unknown).toMatchObject({ code: 'engine', message: expect.stringMatching(/^Redis cannot be used: self-signed certificate/) as unknown }); // prettier-ignore
  const redis = server.url.replace('secret', 'hunter2');
  const wrong = await start('worker', { redis, redisCa: server.ca, roots: ['/'] }).outcome();
  expect(wrong).toMatchObject({ code: 'engine', message: expect.stringContaining('WRONGPASS') as unknown });
  expect(JSON.stringify([unknown, wrong])).not.toMatch(/secret|hunter2/);
});

it('wants certificates that can be read, and TLS for them', () => {
  const refused = (address: string, file: string) => () => redisConnection(address, file);
  expect(refused('rediss://:secret@host', '/nowhere.pem')).toThrow(
    'The certificates "/nowhere.pem" cannot be read.',
  );
  expect(refused('redis://:secret@host', server.ca)).toThrow(
    'Certificates are for TLS: give Redis as rediss://host.',
  );
  expect(redisConnection('rediss://:secret@host:1/2', server.ca)).toMatchObject({ host: 'host', port: 1, db: 2, tls: { ca: expect.anything() as unknown } }); // prettier-ignore
});
