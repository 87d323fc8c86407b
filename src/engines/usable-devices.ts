import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./usable-devices-child.js', import.meta.url));

/**
 * Which of ONNX Runtime's devices are there, found by opening a small model on each. In a process of its own: libraries of
 * graphics cards write to the terminal, and broken drivers crash.
 */
export async function usableDevices(devices: readonly string[]): Promise<string[]> {
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [child, ...devices], { timeout: 20_000 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
  return devices.filter((device) => said.split('\n').includes(device));
}
