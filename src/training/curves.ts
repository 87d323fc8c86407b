import { appendFile, readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';

/** Losses over the steps of a training, as a CSV file that survives resuming and as a picture. */
export class Curves {
  private readonly rows: { readonly step: number; readonly losses: Readonly<Record<string, number>> }[] = [];

  private constructor(private readonly path: string) {}

  /** Opens `path` (a `.csv`), dropping what lies after `step`: a resumed training does those steps again. */
  static async open(path: string, step: number): Promise<Curves> {
    const curves = new Curves(path);
    const text = step > 0 ? await readFile(path, 'utf8').catch(() => '') : '';
    for (const line of text.split('\n').slice(1)) {
      const [at = '', name = '', value = ''] = line.split(',');
      if (value !== '' && Number(at) <= step) curves.remember(Number(at), name, Number(value));
    }
    const lines = curves.rows.flatMap((row) => toLines(row.step, row.losses));
    await writeFile(path, ['step,loss,value', ...lines, ''].join('\n'));
    return curves;
  }

  async add(step: number, losses: Readonly<Record<string, number>>): Promise<void> {
    for (const [name, value] of Object.entries(losses)) this.remember(step, name, value);
    await appendFile(this.path, `${toLines(step, losses).join('\n')}\n`);
  }

  /** Every loss as a line over the steps, logarithmic, as a PNG. */
  async draw(): Promise<Buffer> {
    return sharp(Buffer.from(this.toSvg())).png().toBuffer();
  }

  /** The same as SVG. */
  toSvg(): string {
    const names = [...new Set(this.rows.flatMap(({ losses }) => Object.keys(losses)))];
    const values = this.rows.flatMap(({ losses }) => Object.values(losses)).filter((value) => value > 0);
    const [low, high] = [Math.log10(Math.min(1, ...values)), Math.log10(Math.max(1, ...values))];
    const last = this.rows.at(-1)?.step ?? 1;
    const x = (step: number): string => (margin + (step / last) * (size.width - 2 * margin)).toFixed(1);
    const y = (value: number): string => {
      const share = (Math.log10(value) - low) / (high - low || 1);
      return (size.height - margin - share * (size.height - 2 * margin)).toFixed(1);
    };
    const grid = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => Math.ceil(low) + i);
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="sans-serif" font-size="13">`,
      `<rect width="100%" height="100%" fill="#fff"/>`,
      ...grid.map(
        (power) =>
          `<line x1="${margin}" x2="${size.width - margin}" y1="${y(10 ** power)}" y2="${y(10 ** power)}" stroke="#ddd"/>` +
          `<text x="4" y="${y(10 ** power)}">1e${power}</text>`,
      ),
      `<text x="${size.width - margin}" y="${size.height - 15}" text-anchor="end">step ${last}</text>`,
      ...names.map((name, i) => {
        const points = this.rows
          .filter(({ losses }) => (losses[name] ?? 0) > 0)
          .map(({ step, losses }) => `${x(step)},${y(losses[name] ?? 1)}`);
        const colour = colours[i % colours.length] ?? '#000';
        return (
          `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.join(' ')}"/>` +
          `<text x="${margin + 10 + i * 140}" y="20" fill="${colour}">${name}</text>`
        );
      }),
      '</svg>',
    ].join('\n');
  }

  private remember(step: number, name: string, value: number): void {
    const row = this.rows.at(-1);
    if (row?.step === step) Object.assign(row.losses, { [name]: value });
    else this.rows.push({ step, losses: { [name]: value } });
  }
}

const size = { width: 960, height: 480 };
const margin = 48;
const colours = ['#1b6ca8', '#d1495b', '#2e933c', '#8d5a97', '#e28413', '#3d405b', '#00798c'];

const toLines = (step: number, losses: Readonly<Record<string, number>>): string[] =>
  Object.entries(losses).map(([name, value]) => `${step},${name},${value}`);
