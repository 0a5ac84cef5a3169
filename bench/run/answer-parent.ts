// The child's side of isolate.ts: takes a request from its parent, answers it and waits for the next.
import './leave-with-parent.ts';
import { type Asked, LEAVE } from './child-messages.ts';

/**
 * Answers one request after another until the parent lets go. An answer that throws ends the process, which tells the
 * parent by its exit and its last words.
 */
export function answerParent<Request>(answer: (request: Request) => Promise<unknown>): void {
  process.on('message', async (message: Asked | typeof LEAVE) => {
    if (message === LEAVE) process.exit(0);
    const { id, request } = message;
    process.send?.({ id, answer: await answer(request as Request) });
  });
  process.on('disconnect', () => process.exit(0));
}
