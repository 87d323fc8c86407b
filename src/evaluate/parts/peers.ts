import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isVidstyleError, messageOf } from '../../errors.js';
import type { Evaluation } from '../evaluation.js';
import type { Part } from '../part.js';
import { prepareClip, scoreFrames } from '../peers/frames.js';
import type { Peer, PeerCost, PeerWork } from '../peers/peer.js';
import { Scratch } from '../peers/scratch.js';
import { srPeers } from '../peers/sr-peers.js';
import { stylePeers } from '../peers/style-peers.js';
import { escaped, type Cell } from '../section.js';
import { spread } from '../spread.js';

/** vidstyle beside what else one could install: same clip, same machine, same run. */
export const peers: Part = {
  name: 'peers',
  title: 'Against other programs',
  write: async (section, evaluation) => {
    const [clip = ''] = await evaluation.clips();
    const { peerSize: restyled } = evaluation.plan;
    const folder = await mkdtemp(join(tmpdir(), 'vidstyle-peers-'));
    try {
      const styled = await measureAll(
        evaluation,
        await stylePeers(),
        await prepare(evaluation, clip, restyled, folder),
      );
      section.text(
        'The same clip for all, one after the other in one run. Frames per second are of whole jobs (a clip in, a clip out): ' +
          'frames by the seconds from the start of the program to its end. Forward passes go from picture in memory to picture in ' +
          'memory. Medians with their range. Memory is the largest resident set. – is what a program does not have.',
      );
      section.heading(`Restyling, ${restyled.width}×${restyled.height}`);
      section.table(columns, styled.map(cellsOf));
      const work = await prepare(evaluation, clip, reduced, folder);
      const large = { width: reduced.width * scale, height: reduced.height * scale };
      const original = await prepareClip(clip, large, work.count, folder);
      const enlarged = await measureAll(evaluation, await srPeers(), work);
      section.heading(`Enlarging ${reduced.width}×${reduced.height} by ${scale}`);
      const rows: Cell[][] = [];
      for (const row of enlarged) {
        const scores = row.cost.enlarged === undefined ? undefined : await scoreFrames({ result: row.cost.enlarged, original: original.frames }, large, scale); // prettier-ignore
        rows.push([...cellsOf(row), scores?.psnr.toFixed(2) ?? '–', scores?.ssim.toFixed(4) ?? '–']);
      }
      section.text('PSNR and SSIM on luma against the clip at full size, which was encoded too.');
      section.table([...columns, 'PSNR', 'SSIM'], rows);
      const missing = [...styled, ...enlarged].filter(({ reason }) => reason !== undefined);
      if (missing.length > 0)
        section.text(['Could not be measured:', ...missing.map(({ name, reason = '' }) => `- ${escaped(name)}: ${escaped(reason)}`)].join('\n')); // prettier-ignore
      await section.csv('peers.csv', ['program', 'kind', 'what', 'value'], [
        ...styled.flatMap((row) => exact(row, 'restyle')),
        ...enlarged.flatMap((row) => exact(row, 'enlarge')),
      ]); // prettier-ignore
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const scale = 4;
const reduced = { width: 160, height: 90 };
const columns = ['program', 'frames/s', 'forward, ms', 'MB'];

interface Row {
  readonly name: string;
  readonly cost: PeerCost;
  /** Why it could not be measured. */
  readonly reason?: string;
}

async function prepare(
  evaluation: Evaluation,
  clip: string,
  size: { readonly width: number; readonly height: number },
  folder: string,
): Promise<PeerWork> {
  const { plan, material } = evaluation;
  return {
    ...(await prepareClip(clip, size, plan.peerFrames, folder)),
    ...size,
    rounds: plan.rounds,
    jobRounds: plan.jobRounds,
    threads: material.threads,
    folder,
    scale,
    signal: material.signal,
    style: await evaluation.firstStyle(),
  };
}

/** A peer that cannot be installed is no reason to leave out the others. */
async function measureAll(evaluation: Evaluation, all: readonly Peer[], work: PeerWork): Promise<Row[]> {
  const scratch = new Scratch(work.signal, evaluation.material.peers);
  const rows: Row[] = [];
  for (const peer of all) {
    evaluation.step(peer.name);
    try {
      rows.push({ name: peer.name, cost: await peer.measure(work, scratch) });
    } catch (error) {
      if (isVidstyleError(error) && error.code === 'aborted') throw error;
      rows.push({ name: peer.name, cost: {}, reason: messageOf(error) });
    }
  }
  return rows;
}

function cellsOf({ name, cost: { framesPerSecond, forwardMs, largestBytes } }: Row): Cell[] {
  return [
    name,
    framesPerSecond ? spread(framesPerSecond, 2) : '–',
    forwardMs ? spread(forwardMs) : '–',
    largestBytes === undefined ? '–' : (largestBytes / 1e6).toFixed(0),
  ];
}

/** A line for each measurement. */
function exact({ name, cost }: Row, kind: string): Cell[][] {
  const { framesPerSecond = [], forwardMs = [], largestBytes } = cost;
  return [
    ...framesPerSecond.map((value): Cell[] => [name, kind, 'frames per second', value]),
    ...forwardMs.map((value): Cell[] => [name, kind, 'forward ms', value]),
    ...(largestBytes === undefined ? [] : [[name, kind, 'largest bytes', largestBytes]]),
  ];
}
