import { describe, expect, it } from '@jest/globals';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { buildNetwork } from '../../src/nets/families.js';
import { forward, toTensors } from '../../src/nets/tfjs.js';
import { paperStyleDefaults } from '../../src/nets/style.js';
import { initialWeights, type Weights } from '../../src/nets/weights.js';
import { takeOver } from '../../src/training/take-over.js';
import { livelyWeights } from '../fixtures/lively-weights.js';
import { makePhotograph } from '../fixtures/photograph.js';

const tf = loadTensorFlow();
const shape = (width: number, blocks: number, edgeBranches = false) =>
  buildNetwork({ family: 'ecbsr', options: { scale: 2, width, blocks, edgeBranches } });

describe('takeOver', () => {
  const network = shape(6, 2);
  const weights = livelyWeights(network, 0.5);
  const picture = enlarged(network, weights);

  it.each([
    ['wider', shape(10, 2)],
    ['deeper', shape(6, 4)],
    ['wider and deeper, with edge-oriented branches', shape(9, 3, true)],
  ])('begins a %s network as the same function', (_, larger) => {
    const taken = takeOver(larger, initialWeights(larger, 1), { network, weights });
    expect(largestDifference(enlarged(larger, taken), picture)).toBeLessThan(1e-2);
    expect(largestDifference(enlarged(larger, initialWeights(larger, 1)), picture)).toBeGreaterThan(1);
  });

  it('begins a wider network of several styles with their rows', () => {
    const styled = (width: number, styles: readonly string[]) =>
      buildNetwork({
        family: 'paper-style',
        options: { ...paperStyleDefaults, width, blocks: 1, norm: 'conditional', output: 'linear', styles },
      });
    const known = styled(4, ['one', 'two']);
    const larger = styled(6, ['two', 'three']);
    const trained = livelyWeights(known, 0.5);
    const taken = takeOver(larger, initialWeights(larger, 1), { network: known, weights: trained });
    const two = restyled(larger, taken, [1, 0]);
    expect(largestDifference(two, restyled(known, trained, [0, 1]))).toBeLessThan(1e-1);
    expect(largestDifference(two, restyled(known, trained, [1, 0]))).toBeGreaterThan(1);
  });

  it('lets the additional channels be learned from: they are not zero', () => {
    const larger = shape(10, 2);
    const kernel = takeOver(larger, initialWeights(larger, 1), { network, weights }).get(
      'block1/conv/kernel',
    );
    const [outOfNew, outOfKnown] = [kernel?.data.slice(6, 10), kernel?.data.slice(6 * 10, 6 * 10 + 6)];
    expect(outOfNew?.some((value) => value !== 0)).toBe(true);
    expect(outOfKnown).toEqual(new Float32Array(6));
  });

  it('takes the body to another scale, not the sub-pixels', () => {
    const larger = buildNetwork({ family: 'ecbsr', options: { scale: 3, width: 6, blocks: 2 } });
    const fresh = initialWeights(larger, 1);
    const taken = takeOver(larger, fresh, { network, weights });
    expect(taken.get('block1/conv/kernel')).toEqual(weights.get('block1/conv/kernel'));
    expect(taken.get('subpixels/kernel')).toEqual(fresh.get('subpixels/kernel'));
  });

  it('begins afresh where a network is narrower', () => {
    const narrower = shape(4, 2);
    const fresh = initialWeights(narrower, 1);
    const taken = takeOver(narrower, fresh, { network, weights });
    expect(taken.get('block1/conv/kernel')).toEqual(fresh.get('block1/conv/kernel'));
  });
});

/** Luminance, 0..255, of a photograph through the network. */
function enlarged(network: ReturnType<typeof shape>, weights: Weights): Float32Array {
  return tf.tidy(() => {
    const rgb = tf.tensor4d(Float32Array.from(makePhotograph(24, 16)), [1, 16, 24, 3]);
    return forward(tf, network)(toTensors(tf, weights), rgb.mean(3, true)).dataSync() as Float32Array;
  });
}

function restyled(network: ReturnType<typeof shape>, weights: Weights, row: number[]): Float32Array {
  return tf.tidy(() => {
    const rgb = tf.tensor4d(Float32Array.from(makePhotograph(24, 16)), [1, 16, 24, 3]);
    const style = tf.tensor1d(row);
    return forward(tf, network)(toTensors(tf, weights), rgb, { style }).dataSync() as Float32Array;
  });
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Infinity))));
}
