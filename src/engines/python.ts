import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a small program prints in the Python on the path; undefined where there is none that can say. */
export async function askPython(program: string): Promise<string | undefined> {
  for (const python of ['python3', 'python']) {
    try {
      const { stdout } = await promisify(execFile)(python, ['-c', program], { timeout: 10_000 });
      return stdout.trim();
    } catch {
      continue; // no such program, or a Python that cannot say
    }
  }
  return undefined;
}
