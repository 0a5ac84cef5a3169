import type { ActivationsOf } from '../../bench/contract/problem.ts';
import type { OnnxGraph, OnnxNode, Ort } from '../../bench/contract/runtimes/ort.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { transpose } from '../transpose.ts';
import { quantizeDynamically } from './dynamic-quantize.ts';
import type { Granularity, Int8Weights } from './pack.ts';

interface Int8Params {
  readonly granularity: Granularity;
  readonly activations: 'f32' | 'int8';
}

/** X [M,K] f32, W [N,K] int8, scales [N] or [1] f32 → Y [M,N] f32. */
export async function ortInt8({
  packed,
  problem: { M, N, K },
  params: { activations },
  runtime,
}: KernelContext<'matmul', Int8Weights, Int8Params, Ort>): Promise<PreparedKernel<'matmul'>> {
  const isW8A8 = activations === 'int8';
  const program = await runtime.load({
    input: { name: 'X', dims: [M, K] },
    output: { name: 'Y', dims: [M, N] },
    ...(isW8A8
      ? dynamicQuantizeMatMul(packed, N, K, await addsSignedProductsExactly(runtime))
      : dequantizedGemm(packed, N, K)),
  });
  return {
    ...program,
    upload: ({ X }: ActivationsOf<'matmul'>) => program.upload(X),
    workspaceBytes: undefined,
    ...(isW8A8 && {
      quantizeActivations({ X }: ActivationsOf<'matmul'>) {
        const quantized = quantizeDynamically(X);
        return { activations: { X: quantized.X }, slack: { X: quantized.slack } };
      },
    }),
  };
}

type Body = Pick<OnnxGraph, 'nodes' | 'initializers'>;

/**
 * Weights are dequantised in every run, all at once. Yet it is ONNX Runtime's fastest way to leave the activations f32:
 * MatMulNBits has no such kernel for 8 bits, and it replaces DequantizeLinear + MatMul with one that rounds them to int8.
 */
function dequantizedGemm({ values, scales }: Int8Weights, N: number, K: number): Body {
  const dequantize: OnnxNode = {
    op: 'DequantizeLinear',
    inputs: ['W', 'scales'],
    output: 'dequantized',
    attributes: { axis: 0 },
  };
  const product: OnnxNode = { op: 'Gemm', inputs: ['X', 'dequantized'], output: 'Y', attributes: { transB: 1 } };
  return {
    nodes: [dequantize, product],
    initializers: [
      { name: 'W', dims: [N, K], values },
      { name: 'scales', dims: scales.length === 1 ? [] : [N], values: scales },
    ],
  };
}

/** Added to int8 weights, it makes them unsigned. */
const BIAS = 128;

/**
 * W8A8 with activations rounded to unsigned int8 by one scale and zero point for all of X. W is wanted as [K,N], signed
 * or unsigned.
 */
function dynamicQuantizeMatMul({ values, scales }: Int8Weights, N: number, K: number, areSigned: boolean): Body {
  const turned = transpose(values, N, K);
  const zeroPoints = new Uint8Array(scales.length).fill(BIAS);
  return {
    nodes: [
      {
        op: 'DynamicQuantizeMatMul',
        domain: 'com.microsoft',
        inputs: ['X', 'W', 'scales', areSigned ? '' : 'zeroPoints'],
        output: 'Y',
      },
    ],
    initializers: [
      { name: 'W', dims: [K, N], values: areSigned ? turned : Uint8Array.from(turned, (value) => value + BIAS) },
      { name: 'scales', dims: [scales.length], values: scales },
      ...(areSigned ? [] : [{ name: 'zeroPoints', dims: [scales.length], values: zeroPoints }]),
    ],
  };
}

/**
 * Signed weights are what the fast instructions want, but on x86 without VNNI two products are added in 16 bits and
 * saturate. So the library is asked for 255·127 + 255·127, and weights are made unsigned where it gets that wrong.
 */
async function addsSignedProductsExactly(runtime: Ort): Promise<boolean> {
  const largest: Int8Weights = { values: Int8Array.of(127, 127), scales: Float32Array.of(1) };
  const program = await runtime.load({
    input: { name: 'X', dims: [1, 2] },
    output: { name: 'Y', dims: [1, 1] },
    ...dynamicQuantizeMatMul(largest, 1, 2, true),
  });
  program.upload(Float32Array.of(1, 1));
  await program.run();
  const [sum] = program.readOutput();
  program.dispose();
  return Math.round(sum) === 2 * 127;
}
