/**
 * Restyles a stream and turns to another style every ten seconds, until Ctrl-C or the end of the input.
 *
 *     node build/examples/live-slideshow.js rtmp://127.0.0.1/live/in rtmp://127.0.0.1/live/out mosaic wave
 */
import { isVidstyleError, restyleLive } from '../src/index.js'; // in your project: from 'vidstyle'

const [input = 'clip.mp4', output = 'live.mkv', ...named] = process.argv.slice(2);
const styles = named.length > 0 ? named : ['mosaic', 'wave'];
const outlet = output.includes('://') ? { output } : { record: output };
const stream = restyleLive({
  ...outlet,
  input,
  style: styles[0] ?? 'mosaic',
  engine: 'auto',
  onNotice: console.log,
});
process.once('SIGINT', () => void stream.close());

let turn = 0;
const timer = setInterval(() => {
  turn += 1;
  const style = styles[turn % styles.length] ?? 'mosaic';
  const { rates, totals } = stream.status;
  console.log(
    `${style}: ${rates.restyledFps.toFixed(1)} pictures a second, ${totals.dropped} dropped so far`,
  );
  stream.turnTo({ style }).catch(console.error);
}, 10_000);

try {
  await stream.done;
} catch (error) {
  console.error(isVidstyleError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  clearInterval(timer);
}
