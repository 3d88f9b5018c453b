interface Turn {
  readonly bytes: number;
  readonly begin: () => void;
}

/** So many bytes are sent before they are answered, over all who send; whoever finds no room waits, first come, first served. */
export class BytesUnderWay {
  private room: number;
  private readonly waiting: Turn[] = [];

  constructor(readonly most: number) {
    this.room = most;
  }

  /** Runs `send` when there is room for its bytes. What is larger than all the room goes alone. */
  async during<T>(bytes: number, send: () => Promise<T>): Promise<T> {
    const share = Math.min(bytes, this.most);
    await new Promise<void>((begin) => {
      this.waiting.push({ bytes: share, begin });
      this.admit();
    });
    try {
      return await send();
    } finally {
      this.room += share;
      this.admit();
    }
  }

  private admit(): void {
    for (let next = this.waiting[0]; next && next.bytes <= this.room; next = this.waiting[0]) {
      this.waiting.shift();
      this.room -= next.bytes;
      next.begin();
    }
  }
}
