import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VidstyleError } from '../../errors.js';
import { cacheFolder } from '../../paths.js';
import { runCommand, type CommandRunner } from '../../setup/command.js';

/** What tests and unusual machines change. */
export interface ScratchOptions {
  readonly root?: string;
  readonly run?: CommandRunner;
}

/** Where peers are installed, each from its registry into a folder of its own, once. */
export class Scratch {
  readonly #root: string;
  readonly #command: CommandRunner;

  constructor(
    private readonly signal: AbortSignal | undefined,
    { root = join(cacheFolder(), 'peers'), run = runCommand }: ScratchOptions = {},
  ) {
    this.#root = root;
    this.#command = run;
  }

  /**
   * Python packages, by pip as the user configured it.
   * @returns the folder, for `PYTHONPATH`
   * @throws VidstyleError `setup` with pip's last words
   */
  async pip(name: string, packages: readonly string[]): Promise<string> {
    return this.#install(name, packages, (folder) => [
      'python3',
      [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--upgrade',
        '--target',
        folder,
        ...packages,
      ],
    ]);
  }

  /**
   * npm packages, without their install scripts.
   * @returns the folder, in which `node_modules` lies
   * @throws VidstyleError `setup` with npm's last words
   */
  async npm(name: string, packages: readonly string[]): Promise<string> {
    return this.#install(name, packages, (folder) => [
      'npm',
      ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps', '--loglevel=error', ...packages],
    ]); // prettier-ignore
  }

  /** Runs a program that prints JSON at its end. @throws VidstyleError `setup` with its last words if it fails */
  async run<T>(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const { code, output, tail } = await this.#command(program, args, { env, signal: this.signal });
    const json = output.trim().split('\n').at(-1);
    if (code === 0 && json !== undefined) return JSON.parse(json) as T;
    throw new VidstyleError('setup', code === undefined ? `There is no ${program}.` : lastLine(tail), { details: { tail } }); // prettier-ignore
  }

  async #install(
    name: string,
    packages: readonly string[],
    how: (folder: string) => [program: string, args: readonly string[]],
  ): Promise<string> {
    const folder = join(this.#root, name);
    const marker = join(folder, '.vidstyle-peer.json');
    const wanted = JSON.stringify(packages);
    if ((await readFile(marker, 'utf8').catch(() => '')) === wanted) return folder;
    await mkdir(folder, { recursive: true });
    const [program, args] = how(folder);
    const { code, tail } = await this.#command(program, args, { signal: this.signal });
    if (code === undefined) throw new VidstyleError('setup', `There is no ${program} to install it with.`);
    if (code !== 0) throw new VidstyleError('setup', `${program} could not install it: ${lastLine(tail)}`, { details: { tail } }); // prettier-ignore
    await writeFile(marker, wanted);
    return folder;
  }
}

function lastLine(tail: string): string {
  const lines = tail.trim().split('\n');
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 300);
}
