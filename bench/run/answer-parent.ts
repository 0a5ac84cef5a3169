// The child's side of isolate.ts: takes a request from its parent, answers it and waits for the next.
import './leave-with-parent.ts';
import { type Asked, LEAVE, type Stage } from './child-messages.ts';

/**
 * Answers one request after another until the parent lets go. An answer that throws ends the process, which tells the
 * parent by its exit and its last words. `tell` says what it is at.
 */
export function answerParent<Request>(
  answer: (request: Request, tell: (stage: string) => void) => Promise<unknown>,
): void {
  process.on('message', async (message: Asked | typeof LEAVE) => {
    if (message === LEAVE) process.exit(0);
    const { id, request } = message;
    const tell = (stage: string) => process.send?.({ id, stage } satisfies Stage);
    process.send?.({ id, answer: await answer(request as Request, tell) });
  });
  process.on('disconnect', () => process.exit(0));
}
