import { Injectable } from '@nestjs/common';

/** Finds the text of a message that is shown; undefined for one that is not there. */
export type FindText = (messageId: string) => Promise<string | undefined>;

/** Messages belong to features that know of this one; they offer their texts here. */
@Injectable()
export class MessageTexts {
  private readonly sources: FindText[] = [];

  offer(find: FindText): void {
    this.sources.push(find);
  }

  async find(messageId: string): Promise<string | undefined> {
    for (const find of this.sources) {
      const text = await find(messageId);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}
