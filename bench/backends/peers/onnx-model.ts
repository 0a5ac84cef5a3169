// Writes ONNX models of a few nodes in memory. The numbers are the field numbers of onnx.proto,
// github.com/onnx/onnx/blob/main/onnx/onnx.proto, whose message each function is named after.
import type { OnnxGraph, OnnxInitializer, OnnxNode, OnnxTensor } from '../../contract/runtimes/ort.ts';
import { UnsupportedError } from '../../contract/unsupported-error.ts';
import { bytesField, type Encoded, floatField, integerField, joinFields, messageField, textField } from './protobuf.ts';

const IR_VERSION = 10;
/** The last opset before ONNX gave attention an operator of its own; nothing newer is needed. */
const OPSET = 21;

/** TensorProto.DataType */
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;

/** AttributeProto.AttributeType */
const FLOAT_ATTRIBUTE = 1;
const INT_ATTRIBUTE = 2;

/** What a message may take, protobuf.dev/programming-guides/proto-limits. */
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

/** The model's bytes, to be given to `InferenceSession.create`. Throws UnsupportedError where weights are too many for one. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const bytes = graph.initializers.reduce((sum, { values }) => sum + values.byteLength, 0);
  if (bytes > MAX_MESSAGE_BYTES)
    throw new UnsupportedError(`ONNX: a model may have 2 GiB, got weights of ${bytes} bytes`);
  return joinFields([
    integerField(1, IR_VERSION),
    messageField(7, graphProto(graph)),
    messageField(8, textField(1, ''), integerField(2, OPSET)),
    messageField(8, textField(1, 'com.microsoft'), integerField(2, 1)),
  ]);
}

function graphProto({ nodes, initializers, input, output }: OnnxGraph): Encoded {
  return [
    ...nodes.flatMap((node) => messageField(1, nodeProto(node))),
    ...textField(2, 'tare'),
    ...initializers.flatMap((initializer) => messageField(5, tensorProto(initializer))),
    ...messageField(11, valueInfoProto(input)),
    ...messageField(12, valueInfoProto(output)),
  ];
}

function nodeProto({ op, domain, inputs, output, attributes }: OnnxNode): Encoded {
  return [
    ...inputs.flatMap((name) => textField(1, name)),
    ...textField(2, output),
    ...textField(4, op),
    ...Object.entries(attributes ?? {}).flatMap(([name, value]) => messageField(5, attributeProto(name, value))),
    ...(domain === undefined ? [] : textField(7, domain)),
  ];
}

function attributeProto(name: string, value: number | { readonly float: number }): Encoded {
  return typeof value === 'number'
    ? [...textField(1, name), ...integerField(3, value), ...integerField(20, INT_ATTRIBUTE)]
    : [...textField(1, name), ...floatField(2, value.float), ...integerField(20, FLOAT_ATTRIBUTE)];
}

function tensorProto({ name, dims, values }: OnnxInitializer): Encoded {
  return [
    ...dims.flatMap((dim) => integerField(1, dim)),
    ...integerField(2, dataType(values)),
    ...textField(8, name),
    ...bytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ];
}

function valueInfoProto({ name, dims }: OnnxTensor): Encoded {
  const shape = dims.flatMap((dim) => messageField(1, integerField(1, dim)));
  return [...textField(1, name), ...messageField(2, messageField(1, integerField(1, FLOAT), messageField(2, shape)))];
}

function dataType(values: OnnxInitializer['values']): number {
  if (values instanceof Float32Array) return FLOAT;
  return values instanceof Int8Array ? INT8 : UINT8;
}
