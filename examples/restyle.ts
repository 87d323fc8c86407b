/**
 * Restyles a file and shows how far it is.
 *
 *     node build/examples/restyle.js clip.mp4 mosaic
 */
import { isVidstyleError, restyle } from '../src/index.js'; // in your project: from 'vidstyle'

const [input = 'clip.mp4', style = 'mosaic'] = process.argv.slice(2);
const interruption = new AbortController();
process.once('SIGINT', () => {
  interruption.abort();
});

const job = restyle(input, { style, overwrite: true, signal: interruption.signal });
job.progress.subscribe(({ framesDone, framesTotal, fps }) => {
  console.log(`${framesDone} of ${framesTotal ?? 'many'} frames, ${fps.toFixed(1)} fps`);
});
try {
  const { output, frames, engine } = await job.done;
  console.log(`${output}: ${frames} frames by ${engine}`);
} catch (error) {
  console.error(isVidstyleError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
