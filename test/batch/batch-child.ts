/** Runs a batch as a process of its own, to be killed: `node batch-child.js OPTIONS-AS-JSON`. */
import { runBatch, type BatchOptions } from '../../src/batch/batch.js';

const options = JSON.parse(process.argv[2] ?? '{}') as BatchOptions;
const stop = new AbortController();
process.on('SIGTERM', () => {
  stop.abort();
});
try {
  const report = await runBatch({ ...options, signal: stop.signal });
  console.log(JSON.stringify(report));
} catch (error) {
  console.log(JSON.stringify(error));
}
