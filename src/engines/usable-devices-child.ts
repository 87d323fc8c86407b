/** Run by `usableDevices`: says which of the devices named open a model, a line each. */
import { GraphBuilder } from '../nets/onnx-graph.js';
import { elementType, encodeModel, valueInfo } from '../nets/onnx-schema.js';
import { opensOn } from './onnxruntime.js';

const graph = new GraphBuilder();
graph.op('Relu', ['x'], {}, 'y');
const value = (name: string) => valueInfo(name, elementType.float, [1]);
const model = encodeModel(graph.model('relu', { input: [value('x')], output: [value('y')] }));
for (const device of process.argv.slice(2)) {
  if (await opensOn(device, model)) process.stdout.write(`${device}\n`);
}
