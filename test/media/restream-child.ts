/**
 * Run as a process of its own: reads a video, writes it again, prints `{ frames, notices }` or the error as JSON.
 * Arguments: input, output (`-` for none), `noise` to replace the pictures by noise that does not compress.
 */
import { toErrorRecord } from '../../src/errors.js';
import { createVideoSink, frameBytes, openVideo } from '../../src/media/index.js';
import { timesOf } from './times-of.js';

const [input = '', output = '-', content = ''] = process.argv.slice(2);

async function run(): Promise<object> {
  const notices: string[] = [];
  const onNotice = (sentence: string): void => void notices.push(sentence);
  await using source = await openVideo(input, { onNotice });
  await using sink =
    output === '-' ? undefined : await createVideoSink(output, source, { onNotice, preset: 'ultrafast' });
  const pixels = new Uint8Array(frameBytes(source.geometry));
  let frames = 0;
  for await (const frame of source.frames()) {
    frame.read(pixels);
    frame.close();
    if (content === 'noise')
      for (let index = 0; index < pixels.length; index++) pixels[index] = Math.random() * 256;
    await sink?.write({ ...timesOf(frame), pixels });
    frames++;
  }
  await sink?.finish();
  return { frames, notices };
}

run().then(
  (result) => {
    console.log(JSON.stringify(result));
  },
  (error: unknown) => {
    console.log(JSON.stringify(toErrorRecord(error, 'worker')));
  },
);
