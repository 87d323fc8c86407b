// Fails if Jest's report has tests that did not run: a skipped test proves nothing.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const skipped = report.testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => status !== 'passed' && status !== 'failed');
for (const { fullName, status } of skipped) console.error(`${status}: ${fullName}`);
if (skipped.length > 0) {
  console.error(`${skipped.length} tests did not run.`);
  process.exitCode = 1;
}
