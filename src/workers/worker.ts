import { threadId, workerData } from 'node:worker_threads';
import type { EngineSession } from '../engines/engine.js';
import { loadEngine } from '../engines/registry.js';
import { toErrorRecord, VidstyleError } from '../errors.js';
import { compose } from './compose.js';
import { Controls } from './controls.js';
import { Seats } from './seats.js';
import { Shutdown } from './shutdown.js';
import { Owner, ownerOf, viewSlot } from './frame-slots.js';
import type {
  DoneReply,
  FrameRequest,
  OpenedReply,
  WorkerReply,
  WorkerRequest,
  WorkerSetup,
} from './messages.js';

// The file that every worker thread of the pool runs: it opens one engine session and then does one frame at a time.

const setup = workerData as WorkerSetup;
const controls = new Controls(setup.controls);
const shutdown = new Shutdown(setup.shutdown);
const seats = new Seats(setup.seats);
const seat = seats.take();
process.once('exit', () => {
  seats.giveBack(seat);
});
let controlsVersion = controls.version;
let knobs = controls.read();
let noticesSent = 0;

const opening: Promise<EngineSession> = shutdown.guard(open);
// Whoever asks for a frame gets to know; until then a failure must not count as unhandled.
opening.catch(() => undefined);

/** Answers a request of the pool. Never rejects: an error is a reply, so that a rejection means a dead thread. */
export default async function answer(request: WorkerRequest): Promise<WorkerReply> {
  try {
    const session = await opening;
    switch (request.type) {
      case 'open':
        return openedReply(session);
      case 'frame':
        return await runFrame(session, request);
      case 'close':
        await shutdown.guard(() => session.close());
        return { type: 'closed' };
    }
  } catch (error) {
    return { type: 'failed', error: toErrorRecord(error, 'engine') };
  }
}

async function open(): Promise<EngineSession> {
  const engine = await loadEngine(setup.engineModule);
  const style = knobs.style.length > 0 ? { style: knobs.style } : {};
  const device = setup.devices[seat % setup.devices.length];
  return engine.open({
    ...setup.session,
    ...style,
    ...(device !== undefined && { device }),
    stopped: () => shutdown.requested,
  });
}

function openedReply(session: EngineSession): OpenedReply {
  const { description, outputGeometry } = session;
  return { type: 'opened', description, outputGeometry, notices: newNotices(session) };
}

async function runFrame(session: EngineSession, { slot: number, memory }: FrameRequest): Promise<DoneReply> {
  if (shutdown.requested) throw new VidstyleError('aborted', 'The worker pool was closed.');
  if (ownerOf(memory, number) !== Owner.worker) throw new Error(`slot ${number} is not a worker's`);
  const startedAt = performance.now();
  const slot = viewSlot(memory, number);
  turnKnobs(session);
  await shutdown.guard(() => session.run(slot.input, slot.output));
  const ranAt = performance.now();
  compose({
    keepColors: knobs.keepColors || session.isLuma === true,
    matchHistogram: setup.matchHistogram,
    input: slot.input,
    inputGeometry: memory.inputGeometry,
    result: slot.output,
    outputGeometry: memory.outputGeometry,
    strength: knobs.strength,
    mask: slot.mask,
  });
  const timings = {
    startedAtMs: performance.timeOrigin + startedAt,
    networkMs: ranAt - startedAt,
    composeMs: performance.now() - ranAt,
    thread: threadId,
  };
  return { type: 'done', timings, notices: newNotices(session) };
}

function turnKnobs(session: EngineSession): void {
  if (controls.version === controlsVersion) return;
  controlsVersion = controls.version;
  knobs = controls.read();
  if (knobs.style.length > 0) session.setStyle(knobs.style);
}

function newNotices(session: EngineSession): readonly string[] {
  const notices = session.notices?.slice(noticesSent) ?? [];
  noticesSent += notices.length;
  return notices;
}
