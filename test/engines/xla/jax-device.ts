import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readSync, rmSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Device } from '../../../src/engines/xla/graph.js';
import type { ElementType } from '../../../src/engines/xla/stablehlo.js';

interface Answer {
  readonly error?: string;
  readonly id: number;
  readonly ids: readonly number[];
  readonly bytes: number;
}

const findsJax =
  'import importlib.util, sys; sys.exit(None if importlib.util.find_spec("jax") else "JAX is not there: scripts/test brings it")';

/** XLA on the CPU, in a process of JAX's (`scripts/test` brings it), as a device for the graph. */
export class JaxDevice implements Device {
  /** Buffers that were made and not freed. */
  buffers = 0;
  programs = 0;
  private readonly folder = mkdtempSync(join(tmpdir(), 'vidstyle-jax-'));
  private readonly process;
  private readonly requests: number;
  private readonly answers: number;

  constructor() {
    const [requests, answers] = [join(this.folder, 'requests'), join(this.folder, 'answers')];
    const env = { ...process.env, PYTHONPATH: resolve('build/jax'), JAX_PLATFORMS: 'cpu' };
    // Without JAX nobody would ever open the other ends of the pipes.
    execFileSync('python3', ['-c', findsJax], { env });
    execFileSync('mkfifo', [requests, answers]); // calls have to wait for their answers: pipes, not streams
    const program = resolve('test/engines/xla/jax-device.py');
    this.process = spawn('python3', [program, requests, answers], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
    this.requests = openSync(requests, 'w');
    this.answers = openSync(answers, 'r');
  }

  compile(program: string): (inputs: readonly bigint[]) => bigint[] {
    this.programs++;
    const [{ id }] = this.ask({ what: 'compile' }, Buffer.from(program));
    return (inputs) => {
      const [{ ids }] = this.ask({ what: 'execute', id, inputs: inputs.map(Number) });
      this.buffers += ids.length;
      return ids.map(BigInt);
    };
  }

  upload(data: Float32Array | Int32Array | Uint8Array, type: ElementType, shape: readonly number[]): bigint {
    this.buffers++;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return BigInt(this.ask({ what: 'upload', type, shape }, bytes)[0].id);
  }

  download(buffer: bigint, type: ElementType): Float32Array | Int32Array | Uint8Array {
    const [, bytes] = this.ask({ what: 'download', id: Number(buffer) });
    const { buffer: copy } = Uint8Array.from(bytes);
    return type === 'f32' ? new Float32Array(copy) : type === 'i32' ? new Int32Array(copy) : new Uint8Array(copy); // prettier-ignore
  }

  free(buffer: bigint): void {
    this.buffers--;
    this.ask({ what: 'free', id: Number(buffer) });
  }

  close(): void {
    closeSync(this.requests);
    closeSync(this.answers);
    this.process.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private ask(message: object, data: Uint8Array = new Uint8Array()): [Answer, Buffer] {
    const head = Buffer.from(JSON.stringify({ ...message, bytes: data.length }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(head.length);
    for (const part of [length, head, data]) {
      for (let at = 0; at < part.length;) at += writeSync(this.requests, part, at);
    }
    const answer = JSON.parse(this.read(this.read(4).readUInt32LE()).toString()) as Answer;
    const body = this.read(answer.bytes);
    if (answer.error !== undefined) throw new Error(answer.error);
    return [answer, body];
  }

  private read(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length;) {
      const got = readSync(this.answers, bytes, at, length - at, null);
      if (got === 0) throw new Error('JAX ended');
      at += got;
    }
    return bytes;
  }
}
