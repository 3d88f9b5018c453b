/**
 * A reason not to start that the operator can remove. `main.ts` prints the message and the fix without a stack and
 * exits with 1.
 */
export class StartupError extends Error {
  override readonly name = 'StartupError';

  constructor(
    message: string,
    /** What to do about it, as an instruction. */
    readonly fix: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
