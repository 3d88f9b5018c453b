type Handlers = Record<string, (input: never) => unknown>;

type Message =
  | { question: number; command: string; input?: unknown }
  | { answer: number; value?: unknown; error?: string };

/** One end of the channel between a process and its child. */
export interface Channel {
  send?(message: Message, sent: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: Message) => void): unknown;
}

/** Questions and answers between a process and its child, both ways. */
export class Talk {
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  private asked = 0;

  constructor(
    private readonly channel: Channel,
    private readonly handlers: Handlers,
  ) {
    channel.on('message', (message) => {
      if ('question' in message) void this.answer(message.question, message.command, message.input);
      else this.answered(message.answer, message.value, message.error);
    });
  }

  ask<T>(command: string, input?: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const question = this.asked++;
      this.waiting.set(question, { resolve, reject });
      this.send({ question, command, input }, (error) => this.answered(question, undefined, error.message));
    });
  }

  /** The other side is gone: nobody will answer any more. */
  close(reason: string): void {
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }

  private async answer(question: number, command: string, input: unknown): Promise<void> {
    try {
      const handler = this.handlers[command];
      if (!handler) throw new Error(`There is no command ${command}.`);
      this.send({ answer: question, value: await handler(input as never) });
    } catch (error) {
      this.send({ answer: question, error: String(error) });
    }
  }

  /** To a process that may have been killed: nobody has to hear of an answer that nobody waits for. */
  private send(message: Message, failed: (error: Error) => void = () => undefined): void {
    this.channel.send?.(message, (error) => error && failed(error));
  }

  private answered(answer: number, value: unknown, error: string | undefined): void {
    const question = this.waiting.get(answer);
    this.waiting.delete(answer);
    if (error === undefined) question?.resolve(value as never);
    else question?.reject(new Error(error));
  }
}

/** In a child: the channel to its parent. A child without a parent ends by itself. */
export function talkToParent(handlers: Handlers): Talk {
  process.once('disconnect', () => process.exit());
  return new Talk(process, handlers);
}
