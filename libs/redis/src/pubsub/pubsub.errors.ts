/** A message is larger than the limit; nothing was sent. */
export class MessageTooLarge extends RangeError {
  readonly code = 'message-too-large';

  constructor(
    readonly channel: string,
    readonly bytes: number,
    readonly maxBytes: number,
  ) {
    super(`The message for channel "${channel}" has ${bytes} bytes, more than ${maxBytes}.`);
    this.name = 'MessageTooLarge';
  }
}
