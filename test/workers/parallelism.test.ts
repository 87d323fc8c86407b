import { describe, expect, it } from '@jest/globals';
import { divideCores } from '../../src/workers/parallelism.js';

describe('divideCores', () => {
  const geometry = { width: 640, height: 360 };
  const memory = 32e9;
  const at = (facts: Partial<Parameters<typeof divideCores>[0]>) =>
    divideCores({ geometry, memory, cores: 16, ...facts });

  it('gives small frames a network a core, and more cores to each beyond eight', () => {
    expect(at({ cores: 1 })).toEqual({ workers: 1, threads: 1 });
    expect(at({ cores: 2 })).toEqual({ workers: 2, threads: 1 });
    expect(at({ cores: 6 })).toEqual({ workers: 6, threads: 1 });
    expect(at({})).toEqual({ workers: 8, threads: 2 });
  });

  it('gives large frames one network, and several only where a network has eight threads', () => {
    expect(at({ cores: 2, geometry: { width: 1920, height: 1080 } })).toEqual({ workers: 1, threads: 2 });
    expect(at({ geometry: { width: 1920, height: 1080 } })).toEqual({ workers: 2, threads: 8 });
  });

  it('opens no more networks than a quarter of the memory holds, but one', () => {
    const large = { width: 3840, height: 2160 };
    expect(at({ geometry: large, cores: 64, memory: 16e9 })).toEqual({ workers: 2, threads: 32 });
    expect(at({ geometry: large, memory: 1e9 })).toEqual({ workers: 1, threads: 16 });
  });

  it('does as it is told', () => {
    expect(at({ workers: 3 })).toEqual({ workers: 3, threads: 5 });
    expect(at({ threads: 2 })).toEqual({ workers: 1, threads: 2 });
    expect(at({ workers: 2, threads: 3 })).toEqual({ workers: 2, threads: 3 });
  });

  it('gives each device a worker, and other devices than the CPU no second one', () => {
    expect(at({ devices: ['cuda:0', 'cuda:1'] })).toEqual({ workers: 2, threads: 8 });
    expect(at({ devices: ['cuda'] })).toEqual({ workers: 1, threads: 16 });
    expect(at({ devices: ['cpu'] })).toEqual({ workers: 8, threads: 2 });
  });
});
