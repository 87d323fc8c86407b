import { afterAll } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { CommandOptions, CommandResult, CommandRunner } from '../../src/setup/command.js';

const folders: string[] = [];

/** A folder of the test's own, removed after the last test of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-setup-test-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  await Promise.all(folders.map(async (folder) => rm(folder, { recursive: true, force: true })));
});

/** A zip archive of stored (uncompressed) members; names are written as they are, dangerous ones too. */
export function zipOf(members: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(members)) {
    const data = Buffer.from(text);
    const path = Buffer.from(name);
    const shared = Buffer.alloc(26); // from "version needed" to the extra field's length
    shared.writeUInt16LE(20, 0);
    shared.writeUInt32LE(crc32(data), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(data.length, 18);
    shared.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, path, data]);
    const tail = Buffer.alloc(14); // comment length, disk, attributes, offset of the local header
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), shared, tail, path]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

type Answer = Partial<CommandResult> | undefined;

/** A machine whose programs do what the test says; `undefined` means there is no such program. Keeps what was run. */
export function fakeMachine(
  answer: (program: string, args: readonly string[], options: CommandOptions) => Answer | Promise<Answer>,
): { readonly run: CommandRunner; readonly commands: string[] } {
  const commands: string[] = [];
  const run: CommandRunner = async (program, args, options = {}) => {
    commands.push([program, ...args].join(' '));
    const result = await answer(program, args, options);
    return result ? { code: 0, output: '', tail: '', ...result } : { code: undefined, output: '', tail: '' };
  };
  return { run, commands };
}

/** Plays `pip download`: writes the archive where `--dest` says. */
export async function pipDownloads(args: readonly string[], archive: Buffer): Promise<Answer> {
  const dest = args.find((arg) => arg.startsWith('--dest='))?.slice('--dest='.length);
  if (dest !== undefined) await writeFile(join(dest, 'some-1.0-py3-none-any.whl'), archive);
  return {};
}
