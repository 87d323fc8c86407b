import { rm } from 'node:fs/promises';
import type { LocalCopy } from './store.js';

/** Local copies of files that lie elsewhere. The one that was given back last stays, for whoever needs the same next. */
export class KeptCopy {
  private kept: { readonly key: string; readonly path: string } | undefined;

  /** @param bring makes a copy and returns its path; asked if the copy of that `key` is not there */
  async take(key: string, bring: () => Promise<string>): Promise<LocalCopy> {
    const { kept } = this;
    this.kept = undefined;
    if (kept && kept.key !== key) await rm(kept.path, { force: true }); // first: two may be too large for the disk
    const path = kept?.key === key ? kept.path : await bring();
    let isReleased = false;
    return {
      path,
      release: async () => {
        if (isReleased) return;
        isReleased = true;
        const former = this.kept;
        this.kept = { key, path };
        if (former) await rm(former.path, { force: true });
      },
    };
  }
}
