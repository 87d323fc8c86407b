import * as av from './node-av.js';
import type { Rational } from './rational.js';

/** A chain of FFmpeg's filters from decoded sound to sound of a fixed form. */
export interface SoundGraph {
  readonly graph: av.FilterGraph;
  readonly source: av.FilterContext;
  readonly sink: av.FilterContext;
}

/** The form that sound is brought into. */
export interface SoundForm {
  readonly sampleRate: number;
  readonly sampleFormat: av.AVSampleFormat;
  readonly channelLayout: av.ChannelLayout;
  /** Samples of each frame; 0: as they come. */
  readonly frameSize: number;
  /** Make gaps in the timestamps silence. */
  readonly fillGaps: boolean;
}

/** Builds the filters for sound like `first`, whose timestamps count in `timeBase`. */
export async function buildSoundGraph(
  timeBase: Rational,
  first: av.Frame,
  form: SoundForm,
): Promise<SoundGraph> {
  const format = (value: number): string => av.avGetSampleFmtName(value as av.AVSampleFormat) ?? 'fltp';
  const layout = av.avChannelLayoutDescribe(first.channelLayout) ?? 'stereo';
  const source = `time_base=${timeBase.num}/${timeBase.den}:sample_rate=${first.sampleRate}:sample_fmt=${format(first.format)}:channel_layout=${layout}`;
  const target = av.avChannelLayoutDescribe(form.channelLayout) ?? 'stereo';
  const steps = [
    `abuffer@in=${source}`,
    `aresample=${form.sampleRate}${form.fillGaps ? ':async=1' : ''}`,
    `aformat=sample_fmts=${format(form.sampleFormat)}:sample_rates=${form.sampleRate}:channel_layouts=${target}`,
    ...(form.frameSize > 0 ? [`asetnsamples=n=${form.frameSize}:p=0`] : []),
    'abuffersink@out',
  ];
  const graph = new av.FilterGraph();
  graph.alloc();
  graph.parse2(steps.join(','));
  await graph.config();
  const input = graph.filters?.find((filter) => filter.filter?.name === 'abuffer');
  const output = graph.filters?.find((filter) => filter.filter?.name === 'abuffersink');
  if (!input || !output) throw new Error('the sound filters could not be set up');
  return { graph, source: input, sink: output };
}
