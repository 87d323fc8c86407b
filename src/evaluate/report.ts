import { readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Part } from './part.js';
import { escaped } from './section.js';

/** How a part was made. */
export interface PartRecord {
  readonly command: string;
  readonly machine: string;
  /** ISO date and time. */
  readonly date: string;
  readonly seconds: number;
}

/** Keeps what a part wrote, so that it stays in the report when other parts are made anew. */
export async function keepPart(
  root: string,
  { name, title }: Part,
  body: string,
  record: PartRecord,
): Promise<void> {
  const { command, machine, date, seconds } = record;
  const made = `Made by \`${command.replaceAll('`', "'")}\` on ${date}, in ${formatDuration(seconds)}, on: ${escaped(machine)}.`;
  await writeFile(join(root, name, 'part.md'), [`## ${title}`, body, made, ''].join('\n\n'));
}

/**
 * Puts `report.md` and `report.html` together from the parts that the folder holds. The HTML holds its pictures itself.
 *
 * @returns their paths
 */
export async function writeReport(root: string, parts: readonly Part[]): Promise<string[]> {
  const texts = parts.map(({ name }) => readFile(join(root, name, 'part.md'), 'utf8').catch(() => undefined));
  const bodies = (await Promise.all(texts)).filter((text) => text !== undefined);
  const markdown = ['# Evaluation', ...bodies].join('\n\n');
  const [md, html] = [join(root, 'report.md'), join(root, 'report.html')];
  await writeFile(md, markdown);
  await writeFile(html, await toHtml(markdown, root));
  return [md, html];
}

async function toHtml(markdown: string, root: string): Promise<string> {
  const { Marked } = await import('marked');
  const pictures = new Map<string, string>();
  for (const [, file = ''] of markdown.matchAll(/\]\(([\w/.-]+\.(?:svg|jpg))/g)) {
    const bytes = await readFile(join(root, file));
    pictures.set(file, `data:${mediaTypes[extname(file)] ?? ''};base64,${bytes.toString('base64')}`);
  }
  const marked = new Marked({
    renderer: {
      image({ href, text, title }) {
        const caption = title === null ? '' : `<figcaption>${text}</figcaption>`;
        return `<figure><img src="${pictures.get(href) ?? href}" alt="${text}">${caption}</figure>`;
      },
    },
  });
  return page(await marked.parse(markdown));
}

const mediaTypes: Readonly<Record<string, string>> = { '.svg': 'image/svg+xml', '.jpg': 'image/jpeg' };

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Evaluation</title>
<style>
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: #222 }
  table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 0.9rem }
  th, td { border: 1px solid #ddd; padding: 0.2rem 0.6rem }
  th { background: #f4f4f4 }
  figure { display: inline-block; margin: 0 0.5rem 0.5rem 0 }
  figcaption { font-size: 0.85rem; text-align: center }
  img { max-width: 100% }
</style>
${body}</html>
`;
}

function formatDuration(seconds: number): string {
  return seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}
