#!/usr/bin/env -S node --max-semi-space-size=2
import { createProgram } from './program.js';
import { errorReport, exitCodeOf, explain } from './exit.js';

// The first Ctrl-C ends cleanly: everything is closed and nothing half-written stays. The second one ends at once.
const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new Error(name));
  });
}

try {
  await createProgram({ signal: interruption.signal }).parseAsync();
} catch (error) {
  const code = exitCodeOf(error);
  const message = explain(error, process.argv.includes('--debug'));
  if (message !== '') process.stderr.write(`${message}\n`);
  if (process.argv.includes('--json') && code !== 0) process.stdout.write(`${errorReport(error)}\n`);
  process.exitCode = code;
}
