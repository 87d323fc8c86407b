import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { encodeSafetensors } from '../../src/nets/safetensors.js';
import type { WeightArray } from '../../src/nets/weights.js';
import { downloadFile } from '../../src/setup/download.js';
import { findVgg16, setupVgg16 } from '../../src/setup/vgg16.js';
import { temporaryFolder } from './fakes.js';

const filters = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512];
const kerasNames = ['1_1', '1_2', '2_1', '2_2', '3_1', '3_2', '3_3', '4_1', '4_2', '4_3'].map((place) =>
  place.replace(/(\d)_(\d)/, 'block$1_conv$2'),
);

/** A file of VGG16's layers with all weights 0, `narrower` times as narrow. */
async function weightsFile(folder: string, narrower = 1): Promise<string> {
  const weights = new Map<string, WeightArray>();
  let input = 3;
  kerasNames.forEach((name, i) => {
    const output = (filters[i] ?? 0) / narrower;
    weights.set(`${name}/kernel`, {
      shape: [3, 3, input, output],
      data: new Float32Array(9 * input * output),
    });
    weights.set(`${name}/bias`, { shape: [output], data: new Float32Array(output) });
    input = output;
  });
  const file = join(folder, `weights-${String(narrower)}.safetensors`);
  await writeFile(file, encodeSafetensors(weights));
  return file;
}

describe('setupVgg16', () => {
  let folder: string;
  let real: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    real = await weightsFile(folder);
  });

  it('accepts a copy at hand that has the layers of VGG16, and says that it is not the published file', async () => {
    const cache = await temporaryFolder();
    expect(await findVgg16(cache)).toBeUndefined();
    const { path, outcome, notices } = await setupVgg16({ cache, from: real });
    expect(outcome).toBe('installed');
    expect(notices.join(' ')).toMatch(/not the one that Keras publishes.*accepted/);
    expect(await findVgg16(cache)).toBe(path);
    expect((await readFile(path)).equals(await readFile(real))).toBe(true);
  });

  it('does nothing when weights are there', async () => {
    const cache = await temporaryFolder();
    await setupVgg16({ cache, from: real });
    const download = async () => Promise.reject(new Error('must not be called'));
    expect(await setupVgg16({ cache, download })).toMatchObject({ outcome: 'present' });
  });

  it('refuses a narrower network, naming the layer, and keeps what was there', async () => {
    const cache = await temporaryFolder();
    const { path } = await setupVgg16({ cache, from: real });
    const narrow = await weightsFile(folder, 8);
    await expect(setupVgg16({ cache, from: narrow })).rejects.toThrow(
      /conv1_1 is 3×3×3×8 instead of 3×3×3×64/,
    );
    expect(await readdir(join(cache, 'vgg16'))).toEqual([path.slice(path.lastIndexOf('/') + 1)]);
  });

  it('refuses files that are no weights', async () => {
    const cache = await temporaryFolder();
    const text = join(folder, 'text.h5');
    await writeFile(text, 'hello');
    await expect(setupVgg16({ cache, from: text })).rejects.toThrow(/does not hold the weights of VGG16/);
    await expect(setupVgg16({ cache, from: join(folder, 'weights.pth') })).rejects.toThrow(
      /\.h5 or \.safetensors/,
    );
    await expect(setupVgg16({ cache, from: join(folder, 'missing.h5') })).rejects.toThrow(
      /missing\.h5" cannot be read/,
    );
    expect(await readdir(join(cache, 'vgg16'))).toEqual([]);
  });

  it('does not use a download that is not the published file', async () => {
    const cache = await temporaryFolder();
    const steps: (number | undefined)[] = [];
    const attempt = setupVgg16({
      cache,
      download: async (_url, file, { onBytes }) => {
        onBytes?.(29_444_628, undefined);
        await writeFile(file, 'a login page');
      },
      onProgress: ({ fraction }) => steps.push(fraction),
    });
    await expect(attempt).rejects.toThrow(/12 bytes\) is not the file that Keras publishes/);
    expect(steps).toEqual([0, 0.5]);
    expect(await readdir(join(cache, 'vgg16'))).toEqual([]);
  });
});

describe('downloadFile', () => {
  async function withServer(handle: Parameters<typeof createServer>[1], use: (url: string) => Promise<void>) {
    const server: Server = createServer({}, handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await use(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/file`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it('streams into the file and reports the bytes', async () => {
    const folder = await temporaryFolder();
    const body = 'x'.repeat(100_000);
    const seen: number[] = [];
    await withServer(
      (_request, response) => response.end(body),
      async (url) => {
        await downloadFile(url, join(folder, 'file'), {
          limitBytes: 100_000,
          onBytes: (bytes) => seen.push(bytes),
        });
      },
    );
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe(body);
    expect(seen.at(-1)).toBe(100_000);
  });

  it('stops at the limit even when the length was not announced', async () => {
    const folder = await temporaryFolder();
    await withServer(
      (_request, response) => {
        response.write('x'.repeat(50));
        response.end('x'.repeat(60));
      },
      async (url) => {
        const attempt = downloadFile(url, join(folder, 'file'), { limitBytes: 100 });
        await expect(attempt).rejects.toThrow(/more than the 100 bytes/);
      },
    );
  });

  it('says what the server answered, and that it cannot be reached', async () => {
    const folder = await temporaryFolder();
    let gone = '';
    await withServer(
      (_request, response) => response.writeHead(404).end(),
      async (url) => {
        gone = url;
        await expect(downloadFile(url, join(folder, 'a'), { limitBytes: 1 })).rejects.toThrow(
          /answered 404 Not Found/,
        );
      },
    );
    await expect(downloadFile(gone, join(folder, 'b'), { limitBytes: 1 })).rejects.toThrow(
      /cannot be fetched: .*ECONNREFUSED/,
    );
  });

  it('ends when aborted', async () => {
    const folder = await temporaryFolder();
    const stop = new AbortController();
    await mkdir(folder, { recursive: true });
    await withServer(
      (_request, response) => {
        response.write('start');
        setTimeout(() => {
          stop.abort();
        }, 20);
      },
      async (url) => {
        const attempt = downloadFile(url, join(folder, 'file'), { limitBytes: 1e6, signal: stop.signal });
        await expect(attempt).rejects.toMatchObject({ code: 'aborted' });
      },
    );
  });
});
