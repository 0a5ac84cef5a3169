// The dense products, of which this technique runs two.
export { gemm, gemv, packX } from '../dense/wasm.as';
