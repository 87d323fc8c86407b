import { batchStatus, cancelBatch, retryFailed } from '../batch/status.js';

interface StatusFlags {
  readonly json?: boolean;
}

/** `vidstyle batch status DONE`. */
export async function showStatus(out: string, { json }: StatusFlags): Promise<void> {
  const status = await batchStatus(out);
  const { files, done, waiting, begun, failures } = status;
  print(json, status, [
    `${done} of ${files} files done, ${waiting} waiting, ${failures.length} failed.`,
    ...begun.map(
      ({ path, segments, segmentsDone }) => `${path}: ${segmentsDone} of ${segments} segments done`,
    ),
    ...failures.map(({ path, message }) => `✗ ${path}: ${message}`),
  ]);
}

/** `vidstyle batch retry DONE`. */
export async function retryFiles(
  out: string,
  { json, filter }: StatusFlags & { readonly filter?: readonly string[] },
): Promise<void> {
  const retried = await retryFailed(out, filter);
  const files = retried.length === 1 ? '1 file' : `${retried.length} files`;
  print(json, { retried }, [`${files} will be tried again by the next run.`]);
}

/** `vidstyle batch cancel DONE`. */
export async function cancelWork(out: string, { json }: StatusFlags): Promise<void> {
  await cancelBatch(out);
  print(json, { cancelled: true }, ['The batch at work ends; what is done stays.']);
}

function print(json: boolean | undefined, value: unknown, lines: readonly string[]): void {
  process.stdout.write(`${json ? JSON.stringify(value) : lines.join('\n')}\n`);
}
