import type { LiveVideoForm } from '../media/live-video-encoder.js';
import type { Rational } from '../media/rational.js';
import { liveDefaults, type LiveOptions } from './options.js';

/** What goes out, by the wishes and by what came in first; it then stays so, whatever the input turns to. */
export function chooseForm(
  input: { readonly width: number; readonly height: number; readonly frameRate: Rational | undefined },
  wishes: Pick<LiveOptions, 'size' | 'fps' | 'bitrateKbps' | 'preset'>,
): LiveVideoForm {
  const width = even(wishes.size?.width ?? input.width);
  const height = even(wishes.size?.height ?? input.height);
  const frameRate = usualRate(wishes.fps ?? rateOf(input.frameRate));
  const kbps = wishes.bitrateKbps ?? usualKbps(width * height * (frameRate.num / frameRate.den));
  const { preset = liveDefaults.preset } = wishes;
  const { keyFrameSeconds } = liveDefaults;
  return { width, height, frameRate, bitsPerSecond: Math.round(kbps * 1000), preset, keyFrameSeconds };
}

/** H.264 with subsampled colour counts pixels in pairs. */
function even(side: number): number {
  return Math.max(16, 2 * Math.round(side / 2));
}

/** Streams that do not say a believable rate count as 30. */
function rateOf(rate: Rational | undefined): number {
  const perSecond = rate ? rate.num / rate.den : 30;
  return perSecond >= 5 && perSecond <= 60.5 ? perSecond : 30;
}

/** What a reader measured over some packets, as the rate that was meant. */
function usualRate(perSecond: number): Rational {
  const off = ({ num, den }: Rational): number => Math.abs(perSecond / (num / den) - 1);
  // Rates of NTSC lie a thousandth below whole ones: only what meets them exactly means them.
  const near = usualRates.filter((rate) => off(rate) < (rate.den === 1 ? 0.03 : 0.0005));
  const [nearest] = near.toSorted((a, b) => off(a) - off(b));
  return nearest ?? { num: Math.round(perSecond * 1000), den: 1000 };
}

const usualRates: readonly Rational[] = [
  ...[{ num: 24_000, den: 1001 }, { num: 30_000, den: 1001 }, { num: 60_000, den: 1001 }], // prettier-ignore
  ...[60, 50, 48, 30, 25, 24, 20, 15, 12, 10].map((num) => ({ num, den: 1 })),
];

/** An eighth of a bit for every pixel: restyled pictures are full of detail. */
function usualKbps(pixelsPerSecond: number): number {
  return Math.min(9000, Math.max(500, pixelsPerSecond / 8 / 1000));
}
