import { expect, test } from 'vitest';
import type { OnnxGraph } from '../../contract/runtimes/ort.ts';
import { encodeModel } from './onnx-model.ts';

const graph: OnnxGraph = {
  input: { name: 'X', dims: [2, 3] },
  output: { name: 'Y', dims: [2, 1] },
  nodes: [{ op: 'Gemm', inputs: ['X', 'W'], output: 'Y', attributes: { transB: 1, alpha: { float: 0.5 } } }],
  initializers: [{ name: 'W', dims: [1, 3], values: Float32Array.of(1, 2, 4) }],
};

/** Tag and length of a message, or tag and value, with the field's name in onnx.proto; ONNX Runtime computes it rightly. */
const FIELDS = [
  ['080a', 'ir_version'],
  ['3a7a', 'graph'],
  ['0a2f', 'graph.node'],
  ['0a0158 0a0157', 'node.input X, W'],
  ['120159', 'node.output Y'],
  ['2204 47656d6d', 'node.op_type Gemm'],
  ['2a0d 0a06 7472616e7342 1801 a00102', 'node.attribute transB: i = 1, type INT'],
  ['2a0f 0a05 616c706861 15 0000003f a00101', 'node.attribute alpha: f = 0.5, type FLOAT'],
  ['1204 74617265', 'graph.name tare'],
  ['2a17 0801 0803 1001 420157', 'graph.initializer: dims, data_type FLOAT, name'],
  ['4a0c 0000803f 00000040 00008040', 'initializer.raw_data'],
  ['5a13 0a0158 120e 0a0c 0801 1208 0a020802 0a020803', 'graph.input: name, type.tensor_type of elem_type and shape'],
  ['6213 0a0159 120e 0a0c 0801 1208 0a020802 0a020801', 'graph.output'],
  ['4204 0a00 1015', 'opset_import of ONNX, version 21'],
  ['4211 0a0d 636f6d2e6d6963726f736f6674 1001', 'opset_import of com.microsoft, version 1'],
];

test('a model has the fields and numbers of onnx.proto', () => {
  const expected = FIELDS.map(([hex]) => hex).join('');
  expect(Buffer.from(encodeModel(graph)).toString('hex')).toBe(expected.replaceAll(' ', ''));
});

test('a node names its domain, and bytes keep their sign', () => {
  const hex = Buffer.from(
    encodeModel({
      ...graph,
      nodes: [{ op: 'Op', domain: 'com.microsoft', inputs: ['', 'W'], output: 'Y' }],
      initializers: [
        { name: 'u', dims: [], values: Uint8Array.of(200) },
        { name: 's', dims: [], values: Int8Array.of(-2) },
      ],
    }),
  ).toString('hex');
  // Node: an input left out, W, Y, Op, domain.
  expect(hex).toContain('0a00' + '0a0157' + '120159' + '22024f70' + '3a0d636f6d2e6d6963726f736f6674');
  // Scalars without dims: data_type 2 is UINT8, 3 is INT8.
  expect(hex).toContain('2a08' + '1002' + '420175' + '4a01c8');
  expect(hex).toContain('2a08' + '1003' + '420173' + '4a01fe');
});

test('weights past what a protobuf message may have are refused before they are encoded', () => {
  const W = { name: 'W', dims: [2 ** 15, 2 ** 14], values: new Float32Array(2 ** 29) };
  expect(() => encodeModel({ ...graph, initializers: [W] })).toThrow(
    /^ONNX: a model may have 2 GiB, got weights of 2147483648/,
  );
});
