// A worker for each question, so that one case leaves nothing to the next.

/** The worker's answer; aborting ends the worker and rejects. */
export function askWorker<Question, Answer>(question: Question, signal?: AbortSignal): Promise<Answer> {
  const worker = new Worker('/worker.js', { type: 'module' });
  const answer = new Promise<Answer>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message || 'the worker could not be started'));
    signal?.addEventListener('abort', () => reject(signal.reason));
    worker.postMessage(question);
  });
  return answer.finally(() => worker.terminate());
}
