import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Pixels } from '../training/photos.js';

/** What a cell of a table can hold. */
export type Cell = string | number;

/**
 * One part of the report while it is written: Markdown, and the files beside it that the Markdown shows. All lie in a folder of
 * the part's own, so that parts can be made anew one by one.
 */
export class Section {
  readonly #blocks: string[] = [];

  private constructor(
    /** The report's folder. */
    private readonly root: string,
    /** The part's own folder below it. */
    private readonly name: string,
  ) {}

  /** Begins a part, with its folder. */
  static async begin(root: string, name: string): Promise<Section> {
    await mkdir(join(root, name), { recursive: true });
    return new Section(root, name);
  }

  heading(text: string): void {
    this.#blocks.push(`### ${escaped(text)}`);
  }

  /** A paragraph, in Markdown; what comes from outside goes through {@link escaped}. */
  text(markdown: string): void {
    this.#blocks.push(markdown);
  }

  /** A table; numbers stand on the right. */
  table(columns: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const line = (cells: readonly Cell[]): string =>
      `| ${cells.map((cell) => escaped(String(cell))).join(' | ')} |`;
    const isNumeric = (column: number): boolean =>
      rows.every((row) => /^[-≈–∞]?\s?[\d.]|^–$/.test(String(row[column])));
    const rules = columns.map((_, i) => (rows.length > 0 && isNumeric(i) ? '---:' : '---'));
    this.#blocks.push([line(columns), line(rules), ...rows.map(line)].join('\n'));
  }

  /** Rows for spreadsheets and other programs, with a link to them. */
  async csv(file: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const lines = [columns, ...rows].map((row) => row.map((cell) => quoted(String(cell))).join(','));
    await writeFile(join(this.root, this.name, file), `${lines.join('\n')}\n`);
    this.#blocks.push(`Rows: [${file}](${this.name}/${file})`);
  }

  /** A drawing. */
  async svg(file: string, caption: string, svg: string): Promise<void> {
    await writeFile(join(this.root, this.name, file), svg);
    this.#blocks.push(`![${escaped(caption)}](${this.name}/${file})`);
  }

  /** Pictures in a row, as JPEG; each is reduced to fit the width if it is wider. */
  async pictures(pictures: readonly NamedPicture[], width = 320): Promise<void> {
    const images = pictures.map(async ({ file, caption, picture }) => {
      const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
      await sharp(picture.data, { raw })
        .resize({ width, withoutEnlargement: true })
        .jpeg({ quality: 88 })
        .toFile(join(this.root, this.name, file));
      return `![${escaped(caption)}](${this.name}/${file} "${escaped(caption)}")`;
    });
    this.#blocks.push((await Promise.all(images)).join('\n'));
  }

  /** What was written, as Markdown without the part's title. */
  markdown(): string {
    return this.#blocks.join('\n\n');
  }
}

/** A picture of the report. */
export interface NamedPicture {
  /** Its file's name, `.jpg`. */
  readonly file: string;
  readonly caption: string;
  readonly picture: Pixels;
}

/** Text that means itself in Markdown, in tables too. */
export function escaped(text: string): string {
  return text.replace(/[\\|<>[\]*_`]/g, (character) => `\\${character}`);
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
