import type { Command } from 'commander';
import type { CommandContext } from './program.js';

interface StylesFlags {
  readonly json?: boolean;
  readonly sheet?: string;
  readonly on?: string;
  readonly overwrite?: boolean;
}

/** `vidstyle styles`: what presets there are. */
export function registerStylesCommand(program: Command, { signal }: CommandContext): void {
  program
    .command('styles')
    .description('list the styles that are installed')
    .option('--json', 'as JSON')
    .option('--sheet <file.png>', 'draw every style on a picture')
    .option('--on <picture>', 'the picture for --sheet')
    .option('--overwrite', 'replace the sheet if it is there')
    .action(async (flags: StylesFlags) => {
      const { loadPresets, stylesOf } = await import('../jobs/presets.js');
      const styles = stylesOf(await loadPresets());
      if (flags.sheet !== undefined) {
        const { VidstyleError } = await import('../errors.js');
        if (flags.on === undefined)
          throw new VidstyleError('usage', '--sheet needs a picture: add --on photo.jpg.');
        const { drawStyleSheet } = await import('../jobs/style-sheet.js');
        const names = styles.map(({ name }) => name);
        await drawStyleSheet(flags.on, flags.sheet, names, { overwrite: flags.overwrite, signal });
        process.stderr.write(`Wrote ${flags.sheet}.\n`);
        return;
      }
      if (flags.json) {
        const list = styles.map(({ name, preset: { path, metadata } }) => ({ name, network: metadata.name, path, recipe: metadata.recipe })); // prettier-ignore
        process.stdout.write(`${JSON.stringify(list)}\n`);
        return;
      }
      for (const { name, preset } of styles)
        process.stdout.write(`${name.padEnd(20)} network ${preset.metadata.name}\n`);
    });
}
