import { existsSync } from 'node:fs';
import { messageOf, VidstyleError } from '../../errors.js';
import { useXla } from './backend.js';
import { PjrtDevice } from './pjrt.js';
import { findPlugin } from './plugin-places.js';
import type { Tf } from '../../nets/tfjs.js';

/** Where NVIDIA's installers put the compiler's own library, which XLA links into what it compiles. */
const cudaFolder = '/usr/local/cuda';

/**
 * Makes XLA on an accelerator TensorFlow.js' backend.
 *
 * @param tf TensorFlow.js' core, without a backend
 * @param named file of a PJRT plugin
 * @throws VidstyleError `setup` if there is no plugin or it cannot be loaded; `engine` if it finds no accelerator
 */
export async function loadXla(tf: Tf, named?: string): Promise<Tf> {
  const { file, needed } = await findPlugin(named);
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    throw new VidstyleError('setup', `XLA cannot be used here: ${messageOf(cause)}`, { cause });
  });
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  if (existsSync(cudaFolder)) process.env['XLA_FLAGS'] ??= `--xla_gpu_cuda_data_dir=${cudaFolder}`;
  for (const library of needed) {
    try {
      koffi.load(library, { global: true });
    } catch {
      continue; // the plugin says what it lacks, and often lacks nothing
    }
  }
  useXla(
    tf,
    openDevice(() => new PjrtDevice(koffi, file), file),
  );
  await tf.ready();
  return tf;
}

function openDevice(open: () => PjrtDevice, file: string): PjrtDevice {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof VidstyleError) throw cause;
    const reason = messageOf(cause).split('\n', 1)[0] ?? '';
    throw new VidstyleError('setup', `"${file}" cannot be loaded as a PJRT plugin: ${reason}`, { cause });
  }
}
