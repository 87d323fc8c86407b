import { messageOf, VidstyleError } from '../../errors.js';
import { isMissingFunction, OpenvinoApi } from './c-api.js';
import { libraryFile, libraryPlaces, type LibraryPlace } from './library-places.js';

/** OpenVINO's library, loaded. */
export interface OpenvinoLibrary {
  readonly api: OpenvinoApi;
  /** Year and number of the release, such as `2026.4.1`. */
  readonly release: string;
  readonly file: string;
}

const oldestYear = 2024;

// Loaded once a thread and kept: threads of OpenVINO's own run code of the library until the process ends.
const loaded = new Map<string, Promise<OpenvinoLibrary>>();

/**
 * Loads OpenVINO from the first place that has it, see {@link libraryPlaces}.
 *
 * @param named a file or folder of the user's
 * @throws VidstyleError 'setup' in one sentence when it is nowhere, cannot be loaded or is too old
 */
export function loadOpenvino(named?: string): Promise<OpenvinoLibrary> {
  const key = named ?? '';
  const library = loaded.get(key) ?? loadFirst(libraryPlaces(named));
  loaded.set(key, library);
  library.catch(() => loaded.delete(key)); // it may be set up in the meantime
  return library;
}

async function loadFirst(places: readonly LibraryPlace[]): Promise<OpenvinoLibrary> {
  const refused: string[] = [];
  for (const { origin, isNamed, paths } of places) {
    const candidates = await paths();
    for (const path of candidates) {
      const file = await libraryFile(path);
      if (file === undefined) continue;
      try {
        return await loadFile(file);
      } catch (error) {
        if (isNamed) throw error;
        refused.push(messageOf(error));
      }
    }
    if (isNamed) {
      const text = `OpenVINO’s library is not in "${candidates[0] ?? ''}", which ${origin} names.`;
      throw new VidstyleError('setup', text);
    }
  }
  const reason = refused.length > 0 ? ` (${refused.join(' ')})` : '';
  throw new VidstyleError('setup', `OpenVINO is not set up: run "vidstyle setup openvino"${reason}.`);
}

async function loadFile(file: string): Promise<OpenvinoLibrary> {
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    throw new VidstyleError('setup', `OpenVINO cannot be used here: ${messageOf(cause)}`, { cause });
  });
  const api = openLibrary(() => new OpenvinoApi(koffi, file), file);
  const release = /^\d+(\.\d+)*/.exec(api.version)?.[0] ?? 'of unknown version';
  if (Number.parseInt(release, 10) >= oldestYear) return { api, release, file };
  throw new VidstyleError(
    'setup',
    `OpenVINO ${release} in "${file}" cannot be used: vidstyle needs ${oldestYear}.0 or newer.`,
  );
}

function openLibrary(open: () => OpenvinoApi, file: string): OpenvinoApi {
  try {
    return open();
  } catch (cause) {
    const reason = isMissingFunction(cause)
      ? `it is no library of OpenVINO ${oldestYear}.0 or newer`
      : (messageOf(cause).split('\n', 1)[0] ?? '');
    throw new VidstyleError('setup', `"${file}" cannot be loaded as OpenVINO: ${reason}.`, { cause });
  }
}
