/** Run as a process of its own: decodes each file named, and prints one line of JSON on how it went. */
import { toErrorRecord } from '../../src/errors.js';
import { frameBytes, openVideo } from '../../src/media/index.js';

async function decode(path: string): Promise<object> {
  const notices: string[] = [];
  await using source = await openVideo(path, { onNotice: (sentence) => void notices.push(sentence) });
  const pixels = new Uint8Array(frameBytes(source.geometry));
  let frames = 0;
  for await (const frame of source.frames()) {
    frame.read(pixels);
    frame.close();
    frames++;
  }
  return { frames, notices };
}

for (const file of process.argv.slice(2)) {
  const outcome = await decode(file).catch((error: unknown) => toErrorRecord(error, 'worker'));
  console.log(JSON.stringify({ file, ...outcome }));
}
