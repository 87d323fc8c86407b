/** Run as a process of its own: reads and writes each file named, and prints one line of JSON on how it went. */
import { toErrorRecord } from '../../src/errors.js';
import { createVideoSink, frameBytes, openVideo } from '../../src/media/index.js';
import { timesOf } from './times-of.js';

async function restream(path: string): Promise<object> {
  const notices: string[] = [];
  const onNotice = (sentence: string): void => void notices.push(sentence);
  await using source = await openVideo(path, { onNotice });
  await using sink = await createVideoSink(`${path}.out.mkv`, source, { onNotice, preset: 'ultrafast' });
  const pixels = new Uint8Array(frameBytes(source.geometry));
  let frames = 0;
  for await (const frame of source.frames()) {
    frame.read(pixels);
    frame.close();
    await sink.write({ ...timesOf(frame), pixels });
    frames++;
  }
  await sink.finish();
  return { frames, notices };
}

for (const file of process.argv.slice(2)) {
  const outcome = await restream(file).catch((error: unknown) => toErrorRecord(error, 'worker'));
  console.log(JSON.stringify({ file, ...outcome }));
}
