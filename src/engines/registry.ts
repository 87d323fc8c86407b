import type { Engine, EngineName } from './engine.js';

const modules: Readonly<Record<EngineName, string>> = {
  onnxruntime: './onnxruntime.js',
  openvino: './openvino.js',
  tfjs: './tfjs.js',
};

/** The URL of an engine's module: workers import only the one they use, and none of the packages of the others. */
export function engineModule(name: EngineName): string {
  return new URL(modules[name], import.meta.url).href;
}

/** Imports an engine by its module's URL, which exports it as `engine`: one of ours, or the caller's own. */
export async function loadEngine(moduleUrl: string): Promise<Engine> {
  const module = (await import(moduleUrl)) as { readonly engine: Engine };
  return module.engine;
}
