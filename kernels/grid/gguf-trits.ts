// Codes of three values as they lie in GGUF's TQ1_0: five to a byte as a fraction of 256, so that a digit is what a product with
// 3 carries out of the byte. Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_tq1_0_ref.

/** Of 256 codes: so many bytes, each of so many codes that lie as far apart as there are bytes in the run. */
const runs = [
  { bytes: 32, codes: 5 },
  { bytes: 16, codes: 5 },
  { bytes: 4, codes: 4 },
];

const VALUES_OF_FIVE = 3 ** 5;

export function toTrits(codes: Uint8Array, block: Uint8Array): void {
  let first = 0;
  let byte = 0;
  for (const run of runs) {
    for (let i = 0; i < run.bytes; i++, byte++) {
      let number = 0;
      for (let digit = 0; digit < 5; digit++) {
        number = 3 * number + (digit < run.codes ? codes[first + digit * run.bytes + i] : 0);
      }
      block[byte] = Math.ceil((number * 256) / VALUES_OF_FIVE);
    }
    first += run.bytes * run.codes;
  }
}

export function fromTrits(block: Uint8Array, codes: Uint8Array): void {
  let first = 0;
  let byte = 0;
  for (const run of runs) {
    for (let i = 0; i < run.bytes; i++, byte++) {
      let fraction = block[byte];
      for (let digit = 0; digit < run.codes; digit++) {
        codes[first + digit * run.bytes + i] = (fraction * 3) >> 8;
        fraction = (fraction * 3) & 255;
      }
    }
    first += run.bytes * run.codes;
  }
}
