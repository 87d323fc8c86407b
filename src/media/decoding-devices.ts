import * as av from './node-av.js';

/** What `hwaccel` may be here: the kinds of device that FFmpeg can open on this machine. */
export function decodingDevices(): string[] {
  return av.HardwareDeviceContext.iterateTypes().flatMap((type) => {
    const name = av.HardwareDeviceContext.getTypeName(type);
    const device = new av.HardwareDeviceContext();
    try {
      return name !== null && device.create(type) >= 0 ? [name] : [];
    } finally {
      device.free();
    }
  });
}
