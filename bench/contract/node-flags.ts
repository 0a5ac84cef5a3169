/** What tare's processes are started with: Node 22 has arrays of 16-bit floats, but behind a flag. */
export const NODE_FLAGS: readonly string[] = process.versions.node.startsWith('22.') ? ['--js-float16array'] : [];
