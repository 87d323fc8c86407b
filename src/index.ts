/**
 * vidstyle: restyles, upscales and streams video with feed-forward networks and trains those networks.
 *
 * The jobs, {@link restyle} and {@link upscale}, turn a file into a file; {@link restyleLive} turns a stream into a
 * stream while it runs. Below them lie the parts that they are made of:
 * {@link openSource} reads, {@link WorkerPool} runs a network in worker threads, {@link createVideoSink} writes, and
 * {@link runPipeline} brings frames from any {@link FrameSource} through any {@link FrameProcessor} to any
 * {@link FrameSink}.
 *
 * @packageDocumentation
 */
export { isVidstyleError, VidstyleError } from './errors.js';
export type { ErrorCode, VidstyleErrorOptions } from './errors.js';

export { restyle, restyleDefaults } from './jobs/restyle.js';
export type { RestyleOptions } from './jobs/restyle.js';
export { upscale, upscaleDefaults } from './jobs/upscale.js';
export type { UpscaleOptions, UpscaleVariant } from './jobs/upscale.js';
export type { ProcessOptions } from './jobs/options.js';
export type { Job, Report } from './jobs/process.js';
export { PoolKeeper } from './jobs/pool-keeper.js';
export type { Progress } from './pipeline/progress.js';
export { restyleLive } from './live/restyle-live.js';
export type { LiveStream } from './live/restyle-live.js';
export { liveDefaults } from './live/options.js';
export type { LiveOptions } from './live/options.js';
export type { ConsoleOptions } from './live/console/options.js';
export type { Look } from './live/network.js';
export type { LiveRates, LiveStatus, LiveTotals } from './live/status.js';
export { batchDefaults, runBatch } from './batch/batch.js';
export type { BatchOptions, BatchReport } from './batch/batch.js';
export type { Failure } from './batch/tally.js';
export { batchStatus, cancelBatch, retryFailed } from './batch/status.js';
export { runWorker } from './batch/worker.js';
export type { WorkerOptions } from './batch/worker.js';
export type { BatchStatus } from './batch/status.js';
export type { Order } from './batch/plan.js';
export type { Forecast } from './batch/preflight.js';
export type { ActiveTask, BatchProgress } from './batch/progress.js';
export type { BatchWork, SharedWork } from './batch/spec.js';
export type { TaskProgress, TaskSettings } from './batch/task.js';
export { rehearse } from './jobs/rehearse.js';
export type { Rehearsal } from './jobs/rehearse.js';
export { examine } from './jobs/doctor.js';
export type { Finding } from './jobs/doctor.js';

export { loadPresets, readPreset, stylesOf } from './jobs/presets.js';
export type { Preset, PresetStyle } from './jobs/presets.js';
export { chooseStyle } from './jobs/style-choice.js';
export type { StyleChoice } from './jobs/style-choice.js';
export type { ModelMetadata, NetworkSpec } from './nets/metadata.js';

export * from './media/index.js';

export { runPipeline } from './pipeline/run.js';
export type { FrameTime, MaskSource, PipelineOptions } from './pipeline/options.js';
export { TraceRecorder } from './pipeline/trace.js';
export type { Stage, StageRecord, TracedStage } from './pipeline/trace.js';
export { WorkerPool } from './workers/pool.js';
export type { FrameProcessor, PoolOptions } from './workers/pool.js';
export type { ComposeOptions } from './workers/compose.js';
export type { ControlValues } from './workers/controls.js';
export type { FrameTimings } from './workers/messages.js';
export type { Slot, SlotMemory } from './workers/frame-slots.js';

export type { Engine, EngineName, EngineSession, SessionOptions } from './engines/engine.js';
export type { ModelHints, TensorLayout, ValueRange } from './engines/model-hints.js';
export type { ElementType, Tensor, TensorData } from './engines/tensor.js';
