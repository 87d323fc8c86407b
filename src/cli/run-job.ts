import { extname } from 'node:path';
import { isVidstyleError } from '../errors.js';
import type { ProcessOptions } from '../jobs/options.js';
import type { Job, Report } from '../jobs/process.js';
import { rehearse } from '../jobs/rehearse.js';
import { JobDisplay } from './job-display.js';
import { toProcessOptions, type ProcessFlags } from './process-options.js';
import { describeRehearsal, describeReport, describeVerification } from './report.js';

type Verification = NonNullable<Report['verification']>;

/** A command that turns a file into a file. */
export interface FileCommand {
  readonly input: string;
  readonly output: string | undefined;
  readonly flags: ProcessFlags;
  readonly signal: AbortSignal;
  /** Starts the command's job with the options that all of them share. */
  readonly start: (options: ProcessOptions & { readonly output: string | undefined }) => Job;
}

/** Shows a job until it is done, then its report: a few lines, or JSON on standard output. */
export async function runFileCommand(command: FileCommand): Promise<void> {
  const { flags, output, signal } = command;
  if (flags.dryRun) {
    await rehearseCommand(command);
    return;
  }
  const display = new JobDisplay(flags.quiet ?? false);
  const onNotice = (sentence: string): void => {
    display.say(sentence);
  };
  try {
    const job = command.start({ ...toProcessOptions(flags), output, signal, onNotice });
    job.progress.subscribe((progress) => {
      display.update(progress);
    });
    const report = await job.done;
    display.close();
    if (flags.json) print(JSON.stringify(report));
    else if (!flags.quiet) tell(describeReport(report));
  } catch (error) {
    display.close();
    if (!flags.quiet && isVidstyleError(error) && error.code === 'verify') {
      tell(describeVerification(error.details['rows'] as Verification));
    }
    throw error;
  }
}

async function rehearseCommand({ input, output, flags, signal, start }: FileCommand): Promise<void> {
  const options = { ...toProcessOptions(flags), verify: false, trace: undefined, signal };
  const ending = extname(output ?? input) || '.mp4';
  const rehearsal = await rehearse(input, ending, options, (trial, duration) =>
    start({ ...options, output: trial, duration }),
  );
  print(flags.json ? JSON.stringify(rehearsal) : describeRehearsal(rehearsal).join('\n'));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function tell(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
}
