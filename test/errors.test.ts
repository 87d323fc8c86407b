import { describe, expect, it } from '@jest/globals';
import { fromErrorRecord, isVidstyleError, toErrorRecord, VidstyleError } from '../src/errors.js';

describe('VidstyleError', () => {
  it('crosses a thread with its code, message and details', () => {
    const sent = new VidstyleError('worker', 'Frame 7 failed twice.', { details: { frame: 7 } });
    const received = fromErrorRecord(structuredClone(toErrorRecord(sent, 'engine')));
    expect(isVidstyleError(received)).toBe(true);
    expect(received).toMatchObject({
      code: 'worker',
      message: 'Frame 7 failed twice.',
      details: { frame: 7 },
    });
  });

  it('gives a foreign error the fallback code', () => {
    expect(toErrorRecord(new RangeError('too big'), 'memory')).toEqual({
      code: 'memory',
      message: 'too big',
      details: {},
    });
  });

  it('does not recognise other errors', () => {
    expect(isVidstyleError(new Error('x'))).toBe(false);
    expect(isVidstyleError(null)).toBe(false);
  });
});
