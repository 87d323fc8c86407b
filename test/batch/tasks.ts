import { version, type Task } from '../../src/batch/task.js';

/** A task that nobody does: for what only passes tasks on. */
export function fileTask(path: string): Task {
  const model = { sha256: '0'.repeat(64), ending: '.onnx' as const };
  return {
    ...{ kind: 'file', batch: 'deadbeef', version, source: '/in', out: '/out', path, output: path },
    ...{ spec: { command: 'restyle', model }, segmentSeconds: 30 },
  };
}
