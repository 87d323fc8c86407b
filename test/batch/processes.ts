import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../src/paths.js';

/** What a process of a test does. */
export type ChildPart = 'batch' | 'worker' | 'board';

/** A process of a test's own, which can be killed. */
export class TestProcess {
  private said = '';
  private notices = '';

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
    child.on('message', (notice) => (this.notices += `${notice as string}\n`));
  }

  /**
   * @param options of `runBatch`, `runWorker` or `openBoard`; with `clockJumpMs` the process's clock jumps so far and back again, over and over
   * @param env besides this process's own
   */
  static start(part: ChildPart, options: object, env: NodeJS.ProcessEnv = {}): TestProcess {
    const path = join(packageRoot, 'build/test/batch/child.js');
    const stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[] = ['ignore', 'pipe', 'inherit', 'ipc'];
    const how = { execArgv: [], stdio, env: { ...process.env, ...env } };
    return new TestProcess(fork(path, [part, JSON.stringify(options)], how));
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves when the process has ended. */
  async ended(): Promise<void> {
    if (!this.hasEnded) await once(this.child, 'close');
  }

  /** Ends the process, if it has not. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill(signal);
    await this.ended();
  }

  /** Waits until the part has said such a notice; fails if it ends without. */
  async noticed(sentence: RegExp): Promise<void> {
    while (!sentence.test(this.notices)) {
      if (this.hasEnded) throw new Error(`It ended without ${String(sentence)}: ${this.notices}${this.said}`);
      await delay(20);
    }
  }

  /** What the part came to, or the code and message of its error: the first line on standard output. */
  async outcome(): Promise<unknown> {
    while (!this.said.includes('\n') && !this.hasEnded && this.child.stdout) {
      await Promise.race([once(this.child.stdout, 'data'), once(this.child, 'close')]);
    }
    return JSON.parse(this.said.split('\n')[0] ?? '');
  }
}

/** The processes of a test file, to be ended after each test whatever became of it. */
export class TestProcesses {
  private readonly all: TestProcess[] = [];

  /** See {@link TestProcess.start}. */
  start(...how: Parameters<typeof TestProcess.start>): TestProcess {
    const started = TestProcess.start(...how);
    this.all.push(started);
    return started;
  }

  async endAll(): Promise<void> {
    await Promise.all(this.all.splice(0).map((each) => each.end('SIGKILL')));
  }
}
