import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root folder: the same from `dist/`, `build/src/` or inside somebody's `node_modules`. */
export const packageRoot: string = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

/** This vidstyle's version. */
export const packageVersion: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version;

/** Where trained networks ship. */
export const presetsFolder: string = join(packageRoot, 'presets');

/**
 * The user's cache folder for what `vidstyle setup` brings: `VIDSTYLE_CACHE`, else the XDG cache folder, else the
 * platform's usual place.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
): string {
  if (env['VIDSTYLE_CACHE']) return env['VIDSTYLE_CACHE'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'vidstyle');
  if (platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'vidstyle', 'Cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'vidstyle');
  return join(homedir(), '.cache', 'vidstyle');
}

function findPackageRoot(start: string): string {
  let folder = start;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${start}`);
    folder = parent;
  }
  return folder;
}
