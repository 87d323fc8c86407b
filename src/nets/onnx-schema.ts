import protobuf from 'protobufjs';

/**
 * The part of ONNX's protobuf schema that vidstyle writes and reads, field numbers as in onnx.proto3. Unknown fields
 * of other people's models are skipped by the decoder.
 */
const schema = `
syntax = "proto3";
message Attribute {
  string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5;
  repeated float floats = 7; repeated int64 ints = 8; int32 type = 20;
}
message ValueInfo { string name = 1; TypeProto type = 2; }
message Node {
  repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
  repeated Attribute attribute = 5; string domain = 7;
}
message StringEntry { string key = 1; string value = 2; }
message Model {
  int64 ir_version = 1; string producer_name = 2; string producer_version = 3; string domain = 4;
  int64 model_version = 5; string doc_string = 6; Graph graph = 7; repeated OperatorSet opset_import = 8;
  repeated StringEntry metadata_props = 14;
}
message Graph {
  repeated Node node = 1; string name = 2; repeated TensorProto initializer = 5; string doc_string = 10;
  repeated ValueInfo input = 11; repeated ValueInfo output = 12; repeated ValueInfo value_info = 13;
}
message TensorProto {
  repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int32 int32_data = 5;
  repeated int64 int64_data = 7; string name = 8; bytes raw_data = 9;
}
message TypeProto { TensorType tensor_type = 1; }
message TensorType { int32 elem_type = 1; Shape shape = 2; }
message Shape { repeated Dimension dim = 1; }
message Dimension { int64 dim_value = 1; string dim_param = 2; }
message OperatorSet { string domain = 1; int64 version = 2; }
`;

const root = protobuf.parse(schema, { keepCase: true }).root;

/** Codec of a whole model file. */
export const modelType = root.lookupType('Model');

/** TensorProto.DataType. */
export const elementType = { float: 1, uint8: 2, uint16: 4, int64: 7, float16: 10 } as const;
/** AttributeProto.AttributeType. */
export const attributeType = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

export interface OnnxDimension {
  readonly dim_value?: number;
  readonly dim_param?: string;
}
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: {
    readonly tensor_type: {
      readonly elem_type: number;
      readonly shape: { readonly dim: readonly OnnxDimension[] };
    };
  };
}
/** A graph's input or output: sides that are numbers are fixed, those that are names are free. */
export function valueInfo(name: string, type: number, shape: readonly (number | string)[]): OnnxValueInfo {
  const dim = shape.map((side) => (typeof side === 'number' ? { dim_value: side } : { dim_param: side }));
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } } };
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data_type: number;
  readonly raw_data: Uint8Array;
  readonly float_data?: readonly number[];
}
export interface OnnxAttribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
}
export interface OnnxNode {
  readonly op_type: string;
  readonly name?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}
export interface OnnxModel {
  readonly ir_version: number;
  readonly producer_name: string;
  readonly producer_version: string;
  readonly opset_import: readonly { readonly domain: string; readonly version: number }[];
  readonly metadata_props: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly OnnxNode[];
    readonly initializer: readonly OnnxTensor[];
    readonly input: readonly OnnxValueInfo[];
    readonly output: readonly OnnxValueInfo[];
  };
}

/** Serialises a model. */
export function encodeModel(model: OnnxModel): Uint8Array {
  return modelType.encode(modelType.fromObject(model)).finish();
}

/** Parses a model file; int64 fields become numbers. Throws what protobufjs throws on bytes that are no ONNX file. */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const message = modelType.decode(bytes);
  return modelType.toObject(message, { longs: Number, defaults: true, arrays: true }) as OnnxModel;
}
