/** Runs a worker as a process of its own, to be killed: `node worker-child.js OPTIONS-AS-JSON`. */
import { runWorker, type WorkerOptions } from '../../src/batch/worker.js';

const stop = new AbortController();
process.on('SIGTERM', () => {
  stop.abort();
});
const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions & { readonly clockOffsetMs?: number };
if (options.clockOffsetMs !== undefined) {
  const now = Date.now.bind(Date);
  const { clockOffsetMs } = options;
  Date.now = () => now() + clockOffsetMs;
}
try {
  await runWorker({ ...options, signal: stop.signal });
  console.log('stopped');
} catch (error) {
  console.log((error as Error).message);
}
