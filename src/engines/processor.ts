import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';

/** What decides how fast a processor runs networks. */
export interface Processor {
  readonly model: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Instruction sets that count here, such as `AVX2`; undefined where the system does not say. */
  readonly instructions: readonly string[] | undefined;
}

const flags: Readonly<Record<string, string>> = {
  avx2: 'AVX2',
  avx512f: 'AVX-512',
  avx_vnni: 'AVX-VNNI',
  avx512_vnni: 'AVX-512 VNNI',
  avx512_bf16: 'AVX-512 bfloat16',
  amx_bf16: 'AMX bfloat16',
  asimd: 'NEON',
  bf16: 'NEON bfloat16',
};

/** Looks at this machine's processor. */
export async function describeProcessor(): Promise<Processor> {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => undefined);
  return {
    model,
    cores: availableParallelism(),
    instructions: text === undefined ? undefined : instructionsIn(text),
  };
}

/** The instruction sets in Linux' `/proc/cpuinfo`, x86 or ARM. */
export function instructionsIn(cpuinfo: string): string[] {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const present = new Set(line.trim().split(/\s+/));
  return Object.keys(flags).flatMap((flag) => (present.has(flag) ? [flags[flag] ?? flag] : []));
}
