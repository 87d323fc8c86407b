import { TestEnvironment } from 'jest-environment-node';

// Jest runs tests in a realm of its own. Native addons compare against the outer realm's typed arrays and refuse the
// sandbox's ("must be type of function Float32Array"), so the sandbox is given the outer ones.
const shared = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const;

export default class OuterRealmEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    for (const name of shared) Object.assign(this.global, { [name]: globalThis[name] });
  }
}
