import { arch, platform, release, totalmem } from 'node:os';
import { engineCandidates } from '../engines/candidates.js';
import { describeOnnxRuntime } from '../engines/onnxruntime.js';
import { describeProcessor } from '../engines/processor.js';
import { packageVersion } from '../paths.js';

/** The machine and the programs that figures were taken on, in one sentence. */
export async function describeMachine(): Promise<string> {
  const { model, cores, instructions = [] } = await describeProcessor();
  const engines = await engineCandidates();
  return [
    `${model}, ${cores} ${cores === 1 ? 'core' : 'cores'}`,
    ...(instructions.length > 0 ? [`with ${instructions.join(', ')}`] : []),
    `${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory`,
    `${platform()} ${release()} ${arch()}`,
    `Node ${process.versions.node}`,
    `vidstyle ${packageVersion}`,
    `ONNX Runtime ${describeOnnxRuntime().version}`,
    `engines: ${engines.join(' and ')}`,
  ].join(', ');
}
