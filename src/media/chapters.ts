import * as av from './node-av.js';

/** A named part of a video. */
export interface Chapter {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** The title under `title`, and whatever else the container kept. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a container's chapters, to the microsecond. node-av does not bind `AVFormatContext.chapters`, but FFmpeg's
 * description of a container lists them, so they are read from there. One reading at a time: the log is global.
 */
export async function readChapters(format: av.FormatContext): Promise<Chapter[]> {
  const turn = lastReading.then(() => dumpedPieces(format));
  lastReading = turn.catch(() => undefined);
  return parseChapters(await turn);
}

let lastReading: Promise<unknown> = Promise.resolve();

async function dumpedPieces(format: av.FormatContext): Promise<string[]> {
  const pieces: string[] = [];
  const end = `end of description ${String(Math.random())}`;
  const delivered = new Promise<void>((resolve) => {
    // Messages arrive on later turns of the event loop and do not keep it alive: the timer does.
    const timer = setTimeout(resolve, 2000);
    const receive = (_level: av.AVLogLevel, message: string): void => {
      if (!message.startsWith(end)) {
        pieces.push(message);
        return;
      }
      clearTimeout(timer);
      resolve();
    };
    av.Log.setCallback(receive, { maxLevel: av.AV_LOG_INFO });
  });
  try {
    av.Log.setLevel(av.AV_LOG_INFO);
    format.dumpFormat(0, 'input', false);
    av.Log.log(av.AV_LOG_INFO, `${end}\n`);
    av.Log.setLevel(av.AV_LOG_QUIET);
    await delivered;
  } finally {
    av.Log.resetCallback();
    av.Log.setLevel(av.AV_LOG_QUIET);
  }
  return pieces;
}

// The description comes in pieces, one a printf: "    Chapter #0:1: ", "start 1.000000, ", "end 2.500000",
// "      Metadata:", "        title           : ", "Second", "".
function parseChapters(pieces: readonly string[]): Chapter[] {
  const chapters: { startSeconds: number; endSeconds: number; metadata: Record<string, string> }[] = [];
  let key: string | undefined;
  for (const piece of pieces) {
    const chapter = chapters.at(-1);
    const entry = /^ {8}(\S.*?) *: ?$/.exec(piece);
    if (/^ {4}Chapter #\d+:\d+:? ?/.test(piece)) {
      chapters.push({ startSeconds: 0, endSeconds: 0, metadata: {} });
      key = undefined;
    } else if (/^ {0,2}\S/.test(piece) && /^ {2}(Stream|Program|Duration|Metadata)/.test(piece)) {
      if (chapters.length > 0) break; // past the list
    } else if (chapter && /^start -?[\d.]+, $/.test(piece)) {
      chapter.startSeconds = Number(/-?[\d.]+/.exec(piece)?.[0]);
    } else if (chapter && /^end -?[\d.]+$/.test(piece)) {
      chapter.endSeconds = Number(/-?[\d.]+/.exec(piece)?.[0]);
    } else if (chapter && entry?.[1] !== undefined) {
      key = entry[1];
    } else if (chapter && key !== undefined) {
      if (piece === '') key = undefined;
      else chapter.metadata[key] = (chapter.metadata[key] ?? '') + piece;
    }
  }
  return chapters;
}
