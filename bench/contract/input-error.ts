/** The user's input is at fault: printed as one line without a stack, exit code 2. Reads `subject: rule, got value`. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
