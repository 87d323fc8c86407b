import { describe, expect, it } from '@jest/globals';
import { FrameSlots, Owner, ownerOf, viewSlot } from '../../src/workers/frame-slots.js';

const geometry = { width: 2, height: 2, format: 'rgb8' } as const;
const doubled = { width: 4, height: 4, format: 'rgb8' } as const;

function makeSlots(count: number): FrameSlots {
  return new FrameSlots({ count, inputGeometry: geometry, outputGeometry: doubled, masked: true });
}

describe('FrameSlots', () => {
  it('lends each slot once and makes the next taker wait until one comes back', async () => {
    const slots = makeSlots(2);
    const first = await slots.acquire();
    const second = await slots.acquire();
    expect(first.number).not.toBe(second.number);
    const third = slots.acquire();
    let resolved = false;
    void third.then(() => (resolved = true));
    await Promise.resolve();
    expect(resolved).toBe(false);
    slots.release(first, Owner.source);
    expect((await third).number).toBe(first.number);
  });

  it('gives every slot its own pixels, mask and result', async () => {
    const slots = makeSlots(2);
    const [first, second] = [await slots.acquire(), await slots.acquire()];
    first.input.fill(1);
    first.output.fill(2);
    first.mask?.fill(3);
    expect([first.input.length, first.output.length, first.mask?.length]).toEqual([12, 48, 4]);
    expect([second.input, second.output, second.mask].every((pixels) => pixels?.every((v) => v === 0))).toBe(
      true,
    );
  });

  it('shows other threads the same pixels and owner', async () => {
    const slots = makeSlots(2);
    await slots.acquire();
    const slot = await slots.acquire();
    slot.input.fill(9);
    const seen = structuredClone(slots.memory);
    expect(viewSlot(seen, slot.number).input[0]).toBe(9);
    expect(ownerOf(seen, slot.number)).toBe(Owner.source);
  });

  it('refuses to hand on a slot that belongs to another stage', async () => {
    const slots = makeSlots(1);
    const slot = await slots.acquire();
    slots.pass(slot, Owner.source, Owner.worker);
    expect(() => slots.pass(slot, Owner.source, Owner.worker)).toThrow(/belongs to stage 2/);
    expect(() => slots.release(slot, Owner.sink)).toThrow(/belongs to stage 2/);
  });

  it('rejects waiting and future takers once closed', async () => {
    const slots = makeSlots(1);
    await slots.acquire();
    const waiting = slots.acquire();
    slots.close(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(slots.acquire()).rejects.toThrow('enough');
  });

  it('reports memory that cannot be had in megabytes', () => {
    const huge = { width: 2 ** 20, height: 2 ** 20, format: 'rgb8' } as const;
    expect(() => new FrameSlots({ count: 4, inputGeometry: huge, outputGeometry: huge })).toThrow(
      /frames in flight need/,
    );
  });
});
