import { setTimeout as sleep } from 'node:timers/promises';
import type { CompletionsService } from '../ai/completions/completions.service.js';
import type { ReplyUsage } from '../ai/ai.types.js';
import { ServerSettings } from '../platform/http/server.settings.js';
import { Shutdown } from '../platform/shutdown/shutdown.js';
import type { UsageService } from '../usage/usage.service.js';
import type { ChatRequest } from './chat-request.js';
import { OpenAiChat } from './openai-chat.service.js';
import type { OpenAiModels } from './openai-models.service.js';

/** Of the grace, what is left for closing. */
const CLOSING_MS = 5_000;

describe('replies over the OpenAI API, when the process goes', () => {
  let chat: OpenAiChat;
  let end: (usage: ReplyUsage) => void;
  const begin = () =>
    chat.begin({ id: 'u', role: 'user' }, { model: 'bare' } as ChatRequest, new AbortController().signal);

  const start = (graceMs: number): void => {
    const ended = new Promise<ReplyUsage>((resolve) => (end = resolve));
    const completions = {
      prompt: () => Promise.resolve({}),
      open: () => Promise.resolve({ ended, chunks: {} }),
    } as unknown as CompletionsService;
    const models = { target: () => Promise.resolve({ model: 'bare' }) } as unknown as OpenAiModels;
    const shutdown = new Shutdown(Object.assign(new ServerSettings(), { shutdownGraceMs: graceMs }));
    chat = new OpenAiChat(models, completions, {} as UsageService, shutdown);
  };

  it('are waited for, though nobody has said before that it goes', async () => {
    start(60_000);
    await begin();
    const order: string[] = [];
    const finished = chat.finish().then(() => order.push('finished'));
    await sleep(20);
    order.push('ended');
    end({ promptTokens: 1, completionTokens: 1 });
    await finished;
    expect(order).toEqual(['ended', 'finished']);
  });

  it('are waited for no longer than it has', async () => {
    start(CLOSING_MS + 30);
    await begin();
    await expect(chat.finish()).resolves.toBeUndefined();
  });

  it('begin no more', async () => {
    start(60_000);
    await chat.finish();
    await expect(begin()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
