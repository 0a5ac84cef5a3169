// Arrays of the case that a page weighs, from the server of the page.

/**
 * The array of that name, anew at each call. A worker may wait for its answer, so that whoever asks for a model's tensors one at a
 * time need not hold them.
 */
export function fetchArray(name: string): Float32Array {
  const request = new XMLHttpRequest();
  request.open('GET', `/inputs/${encodeURIComponent(name)}`, false);
  request.responseType = 'arraybuffer';
  request.send();
  const body: ArrayBuffer = request.response;
  if (request.status !== 200) throw new Error(JSON.parse(new TextDecoder().decode(body)).error);
  return new Float32Array(body);
}
