import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { Queue } from 'bullmq';
import { openBoard } from '../../src/batch/board.js';
import { queueName, queuePrefix, redisConnection } from '../../src/batch/redis.js';
import { RedisServer } from './redis-server.js';

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});

afterAll(() => server.stop());

it('shows the queue on this machine, to nobody who comes by another name', async () => {
  const queue = new Queue(queueName('cpu'), { connection: redisConnection(server.url), prefix: queuePrefix });
  await queue.add('file', {});
  await queue.close();
  const board = await openBoard({ redis: server.url, port: 0 });
  expect(board.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(await (await fetch(board.url)).text()).toContain('<html');
  expect(await (await fetch(`${board.url}api/queues`)).text()).toContain('"waiting":1');
  expect(await statusWithHost(board.url, 'evil.example')).toBe(403);
  await board.close();
  await board.close();
});

it('asks for the token where one is set, and takes it from the address, a cookie or a header', async () => {
  const board = await openBoard({ redis: server.url, port: 0, token: 'let-me-in' });
  const at = board.url.replace(/\?.*/, '');
  expect((await fetch(at)).status).toBe(401);
  expect((await fetch(`${at}?token=wrong`)).status).toBe(401);
  const first = await fetch(board.url);
  expect(first.status).toBe(200);
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect((await fetch(`${at}api/queues`, { headers: { cookie } })).status).toBe(200);
  expect((await fetch(at, { headers: { authorization: 'Bearer let-me-in' } })).status).toBe(200);
  await board.close();
});

function statusWithHost(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}
