import { basename, join } from 'node:path';
import { engine } from '../engines/onnxruntime.js';
import { abortedError, VidstyleError } from '../errors.js';
import { resizeBicubic } from '../metrics/bicubic.js';
import { cropBorder } from '../metrics/crop.js';
import { matchHistogram } from '../metrics/histogram.js';
import { lumaScores } from '../metrics/luma-scores.js';
import { psnr } from '../metrics/psnr.js';
import { toFloat, type Raster } from '../metrics/raster.js';
import { ssim } from '../metrics/ssim.js';
import { openPerceptualDistance, type PerceptualDistance } from './perceptual-distance.js';
import { presetsFolder } from '../paths.js';
import { loadPresets } from './presets.js';
import { asGrey, asRgb, findSrSets, readSrPicture, type SrPicture } from './sr-pictures.js';

export interface EvaluateSrOptions {
  /** Folder of test pictures: see `findSrSets`. */
  readonly data: string;
  readonly scale: number;
  /** Model files to score besides bicubic and the presets of this scale. */
  readonly models?: readonly string[] | undefined;
  /** Score the presets of this scale, and the networks of others that were trained for comparison; default true. */
  readonly presets?: boolean | undefined;
  /** Folder of presets; default those that ship with vidstyle. */
  readonly presetsFolder?: string | undefined;
  /** VGG16's weights for the perceptual distance; default what `vidstyle setup vgg16` brought; without, none is given. */
  readonly vgg16?: string | undefined;
  /** Match each result's histogram to its input's, the paper's post-processing; default false. */
  readonly histogram?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly device?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with each enlarged picture. */
  readonly onPicture?: ((picture: EnlargedPicture) => void) | undefined;
  /** Called with each finished row. */
  readonly onRow?: ((row: SrScores) => void) | undefined;
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/** How one method does on one set: means over its pictures. */
export interface SrScores {
  readonly set: string;
  /** `bicubic`, or the model file's name. */
  readonly method: string;
  /** On luma as published (limited-range BT.601, borders of `scale` pixels cut off), dB. */
  readonly psnrY: number;
  readonly ssimY: number;
  readonly psnrRgb: number;
  readonly ssimRgb: number;
  /** Feature reconstruction at VGG16's relu2_2 against the original; absent without VGG16. */
  readonly perceptual: number | undefined;
  /** Of the method itself, the picture's second run; resizing in JavaScript for `bicubic`. */
  readonly msPerPicture: number;
}

/** One picture as one method enlarged it. */
export interface EnlargedPicture {
  readonly set: string;
  readonly method: string;
  /** Its file's name. */
  readonly name: string;
  /** RGB, as is {@link original}. */
  readonly result: Raster<Uint8Array>;
  readonly original: Raster<Uint8Array>;
  readonly psnrY: number;
  readonly ssimY: number;
}

/** In a folder of presets: networks that others designed, trained by us to compare with. */
const comparisonFolder = 'comparison';

/** Turns a low-resolution picture into a high-resolution one. */
type Method = (
  low: Raster<Uint8Array>,
) => Promise<{ readonly result: Raster<Uint8Array>; readonly ms: number }>;

/**
 * The tables of super-resolution papers on your pictures: PSNR, SSIM, perceptual distance and time of bicubic
 * enlargement, the presets of the scale, and any models.
 *
 * @throws VidstyleError `input` without pictures; `usage` for a model of another scale; `aborted`
 */
export async function evaluateSr(options: EvaluateSrOptions): Promise<SrScores[]> {
  const { data, scale, models = [], signal } = options;
  const sets = await findSrSets(data, scale);
  const methods = new Map<string, Method>([['bicubic', bicubic(scale)]]);
  if (options.presets ?? true) {
    const folder = options.presetsFolder ?? presetsFolder;
    const presets = [...(await loadPresets(folder)), ...(await loadPresets(join(folder, comparisonFolder)))];
    for (const { path, metadata } of presets) {
      if (metadata.kind === 'sr' && metadata.scale === scale)
        methods.set(nameOf(path), network(path, options));
    }
  }
  for (const path of models) methods.set(nameOf(path), network(path, options));
  const distance = await openPerceptualDistance(options.vgg16, options.onNotice);
  try {
    const rows: SrScores[] = [];
    for (const { name: set, pictures } of sets) {
      const read = await Promise.all(
        pictures.map(async (files) => ({ name: files.name, ...(await readSrPicture(files, scale)) })),
      );
      for (const [method, enlarge] of methods) {
        const scores: PictureScores[] = [];
        for (const picture of read) {
          if (signal?.aborted) throw abortedError(signal);
          const { result, ...scored } = await score(
            picture,
            enlarge,
            scale,
            distance,
            options.histogram ?? false,
          );
          scores.push(scored);
          const { name, high } = picture;
          const { psnrY, ssimY } = scored;
          options.onPicture?.({ set, method, name, result, original: asRgb(high), psnrY, ssimY });
        }
        const row = { set, method, ...means(scores) };
        rows.push(row);
        options.onRow?.(row);
      }
    }
    return rows;
  } finally {
    distance?.close();
  }
}

type PictureScores = Omit<SrScores, 'set' | 'method'>;

async function score(
  { high, low }: SrPicture,
  enlarge: Method,
  scale: number,
  distance: PerceptualDistance | undefined,
  histogram: boolean,
): Promise<PictureScores & { readonly result: Raster<Uint8Array> }> {
  const isGrey = high.channels === 1;
  const { result: raw, ms } = await enlarge(asRgb(low));
  const coloured = histogram ? matchHistogram(raw, asRgb(low)) : raw;
  const result = isGrey ? asGrey(coloured) : coloured;
  const [ours, theirs] = [result, high].map((picture) => cropBorder(toFloat(picture), scale)) as [
    Raster<Float32Array>,
    Raster<Float32Array>,
  ];
  const luma = lumaScores(result, high, scale);
  return {
    psnrY: luma.psnr,
    ssimY: luma.ssim,
    psnrRgb: psnr(ours, theirs),
    ssimRgb: ssim(ours, theirs),
    perceptual: await distance?.between(coloured, asRgb(high)),
    msPerPicture: ms,
    result: coloured,
  };
}

function means(scores: readonly PictureScores[]): PictureScores {
  const mean = (value: (score: PictureScores) => number): number =>
    scores.reduce((sum, each) => sum + value(each), 0) / scores.length;
  return {
    psnrY: mean(({ psnrY }) => psnrY),
    ssimY: mean(({ ssimY }) => ssimY),
    psnrRgb: mean(({ psnrRgb }) => psnrRgb),
    ssimRgb: mean(({ ssimRgb }) => ssimRgb),
    perceptual: scores[0]?.perceptual === undefined ? undefined : mean(({ perceptual = NaN }) => perceptual),
    msPerPicture: mean(({ msPerPicture }) => msPerPicture),
  };
}

function bicubic(scale: number): Method {
  return (low) => {
    const start = performance.now();
    const result = resizeBicubic(low, scale);
    return Promise.resolve({ result, ms: performance.now() - start });
  };
}

function network(model: string, { scale, threads, device }: EvaluateSrOptions): Method {
  return async (low) => {
    const geometry = { width: low.width, height: low.height, format: 'rgb8' } as const;
    const session = await engine.open({
      model,
      geometry,
      ...(threads !== undefined && { threads }),
      ...(device !== undefined && { device }),
    });
    try {
      const { width, height } = session.outputGeometry;
      if (width !== low.width * scale) {
        throw new VidstyleError(
          'usage',
          `"${model}" enlarges ${width / low.width} times, not ${scale} times.`,
        );
      }
      const data = new Uint8Array(width * height * 3);
      await session.run(low.data, data); // the first run allocates
      const start = performance.now();
      await session.run(low.data, data);
      return { result: { width, height, channels: 3, data }, ms: performance.now() - start };
    } finally {
      await session.close();
    }
  };
}

const nameOf = (path: string): string => basename(path, '.onnx');
