import type { Command } from 'commander';

/** `vidstyle styles`: what presets there are. */
export function registerStylesCommand(program: Command): void {
  program
    .command('styles')
    .description('list the styles that are installed')
    .option('--json', 'as JSON')
    .option('--sheet <file.png>', 'draw every style on a picture')
    .option('--on <picture>', 'the picture for --sheet')
    .action(async (flags: { json?: boolean; sheet?: string; on?: string }) => {
      const { loadPresets, stylesOf } = await import('../jobs/presets.js');
      const styles = stylesOf(await loadPresets());
      if (flags.sheet !== undefined) {
        const { VidstyleError } = await import('../errors.js');
        if (flags.on === undefined)
          throw new VidstyleError('usage', '--sheet needs a picture: add --on photo.jpg.');
        const { drawStyleSheet } = await import('../jobs/style-sheet.js');
        await drawStyleSheet(flags.on, flags.sheet, styles.map(({ name }) => name)); // prettier-ignore
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
