import type { AiService } from '../../ai/ai.service.js';
import type { Prompt, ReplyChunk, ReplyRequest } from '../../ai/ai.types.js';
import type { TokenCounter } from '../../ai/tokens/token-counter.service.js';
import type { CharactersService } from '../../characters/characters.service.js';
import type { UsersService } from '../../users/users.service.js';
import type { MessageRecord } from '../messages/messages.repository.js';
import { SummaryWriter, type Speakers } from './summary-writer.service.js';

const SPEAKERS = { character: { name: 'Ada' }, userName: 'Eve' } as Speakers;
const END: ReplyChunk = {
  type: 'end',
  finishReason: 'stop',
  usage: { promptTokens: 1, completionTokens: 1 },
};

const said = (text: string): MessageRecord => ({ role: 'user', kind: 'text', text }) as MessageRecord;

function writerWith(answer: string): { writer: SummaryWriter; asked: ReplyRequest[] } {
  const asked: ReplyRequest[] = [];
  async function* stream(request: ReplyRequest): AsyncGenerator<ReplyChunk> {
    asked.push(request);
    if (answer) yield { type: 'delta', text: answer };
    yield END;
  }
  const ai = { mode: 'url', window: () => 1_000, stream } as unknown as AiService;
  const tokens = { count: (text: string) => text.length } as TokenCounter;
  const writer = new SummaryWriter(ai, tokens, {} as CharactersService, {} as UsersService);
  return { writer, asked };
}

const textOf = ({ messages }: Prompt): string => messages.map(({ content }) => content).join('\n');

describe('a step of a summary', () => {
  it('gives the model the notes so far and what was said since, and keeps its answer', async () => {
    const { writer, asked } = writerWith(' Eve has\u0000 a boat. ');
    const { signal } = new AbortController();
    expect(await writer.goOn('Eve is here.', [said('I have a boat.')], SPEAKERS, signal)).toBe(
      'Eve has a boat.',
    );
    expect(asked).toHaveLength(1);
    expect(textOf(asked[0]!.prompt)).toMatch(/Eve is here\.[^]*Eve: I have a boat\./);
    expect(asked[0]!.signal).toBe(signal);
  });

  it('fails where the model says nothing, and keeps nothing', async () => {
    const { writer } = writerWith('');
    const nothing = writer.goOn('', [said('Hello')], SPEAKERS, new AbortController().signal);
    await expect(nothing).rejects.toMatchObject({ code: 'upstream-failed' });
  });

  it('takes as many messages as its share of the window holds, and one at least', () => {
    const { writer } = writerWith('');
    const [short, long] = [said('x'.repeat(50)), said('x'.repeat(5_000))];
    expect(writer.fitting([short, short, short, short, short])).toHaveLength(4);
    expect(writer.fitting([long, short])).toEqual([long]);
    expect(writer.fitting([])).toEqual([]);
  });
});
