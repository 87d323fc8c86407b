import { readFile } from 'node:fs/promises';
import { writeDurably } from '../src/durable-file.js';

/** Figures that take hours to work out, kept by what they are of. */
export class ReferenceFile {
  private constructor(
    private readonly path: string | undefined,
    private readonly figures: Record<string, number>,
  ) {}

  /** @param path a JSON file, made where there is none; undefined: nothing is kept */
  static async open(path?: string): Promise<ReferenceFile> {
    const text = path === undefined ? undefined : await readFile(path, 'utf8').catch(() => undefined);
    return new ReferenceFile(path, text === undefined ? {} : (JSON.parse(text) as Record<string, number>));
  }

  /** A figure, worked out where the file lacks it. */
  async at(of: readonly (string | number)[], workOut: () => Promise<number>): Promise<number> {
    const key = of.join(' ');
    const known = this.figures[key];
    if (known !== undefined) return known;
    const figure = await workOut();
    this.figures[key] = figure;
    if (this.path !== undefined) await writeDurably(this.path, `${JSON.stringify(this.figures, null, 1)}\n`);
    return figure;
  }
}
