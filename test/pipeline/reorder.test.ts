import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, of, toArray, type Observable } from 'rxjs';
import { reorder } from '../../src/pipeline/reorder.js';

describe('reorder', () => {
  it('emits by sequence number whatever the order of arrival', async () => {
    const values: Observable<number> = of(3, 1, 0, 2, 4);
    expect(
      await lastValueFrom(
        values.pipe(
          reorder((value) => value),
          toArray(),
        ),
      ),
    ).toEqual([0, 1, 2, 3, 4]);
  });

  it('emits a value as soon as all before it have come', () => {
    const seen: (number | string)[] = [];
    of(1, 0, 2)
      .pipe(reorder((value) => value))
      .subscribe((value) => seen.push(value));
    expect(seen).toEqual([0, 1, 2]);
  });
});
