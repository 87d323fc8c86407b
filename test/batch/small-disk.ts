import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A disk of 16 MB in memory that is all but full. Needs root, as containers of tests have. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** @param freeBytes what is left at first */
  static async mount(folder: string, freeBytes: number): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
    const disk = new SmallDisk(folder);
    await writeFile(disk.ballast, Buffer.alloc(size - freeBytes));
    return disk;
  }

  /** Makes room. */
  async clear(): Promise<void> {
    await rm(this.ballast);
  }

  /** Takes it away, though something may still be open there. */
  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder]);
  }

  private get ballast(): string {
    return join(this.folder, 'ballast');
  }
}

const size = 16 << 20;
