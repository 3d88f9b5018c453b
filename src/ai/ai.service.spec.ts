import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { validateSync } from 'class-validator';
import { AiModule } from './ai.module.js';
import { AiService } from './ai.service.js';
import { AiSettings } from './ai.settings.js';
import type { Prompt } from './ai.types.js';
import { OpenAiCompatibleProvider } from './providers/openai-compatible.provider.js';
import { PromptBuilder } from './prompt/prompt-builder.service.js';

const hosted = {
  baseUrl: 'http://127.0.0.1:9/v1',
  model: 'tiny',
  models: ['large'],
  apiKey: 'sk-very-private',
};

async function moduleWith(values: Partial<AiSettings>) {
  @Module({
    providers: [
      { provide: AiSettings, useValue: Object.assign(new AiSettings(), { offlineDelayMs: 0 }, values) },
    ],
    exports: [AiSettings],
  })
  class SettingsModule {}
  return Test.createTestingModule({
    imports: [{ module: SettingsModule, global: true }, AiModule],
  }).compile();
}

const promptOf = (builder: PromptBuilder): Prompt =>
  builder.build({
    character: {
      name: 'Mira',
      description: '',
      personality: '',
      scenario: '',
      systemPrompt: '',
      postHistoryInstructions: '',
      firstMessage: '',
      exampleDialogue: '',
    },
    userName: 'Ada',
    history: [{ role: 'user', text: 'Hello!', seq: 1 }],
  });

describe('AiService', () => {
  it('answers with nothing configured', async () => {
    const module = await moduleWith({});
    const ai = module.get(AiService);
    const prompt = promptOf(module.get(PromptBuilder));
    const types: string[] = [];
    for await (const { type } of ai.stream({ prompt, model: 'any', signal: new AbortController().signal }))
      types.push(type);
    expect(types.at(0)).toBe('delta');
    expect(types.at(-1)).toBe('end');
    expect(ai.mode).toBe('offline');
    expect(ai.description).toContain('AI_BASE_URL');
    expect(await ai.check()).toMatchObject({ status: 'ok' });
    expect(ai.window()).toBe(8192);
  });

  it('names the model and the server, and keeps the key to itself', async () => {
    const ai = (await moduleWith(hosted)).get(AiService);
    expect(ai.mode).toBe('url');
    expect(ai.description).toBe('tiny at http://127.0.0.1:9/v1');
  });

  it('lets a request choose among the offered models only', async () => {
    const ai = (await moduleWith(hosted)).get(AiService);
    expect(ai.modelFor()).toBe('tiny');
    expect(ai.modelFor('large')).toBe('large');
    expect(() => ai.window('enormous')).toThrow(
      expect.objectContaining({ code: 'model-not-available', status: 400 }),
    );
  });

  it('asks the model server once for many probes', async () => {
    const module = await moduleWith(hosted);
    const asked = jest.spyOn(module.get(OpenAiCompatibleProvider), 'check').mockResolvedValue('degraded');
    const ai = module.get(AiService);
    const results = await Promise.all([ai.check(), ai.check(), ai.check()]);
    expect(results.map(({ status }) => status)).toEqual(['degraded', 'degraded', 'degraded']);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

describe('AiSettings', () => {
  const faultsOf = (values: object): string[] =>
    validateSync(Object.assign(new AiSettings(), values)).map(({ property }) => property);

  it('are valid as they are, and with a server', () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ ...hosted, temperatureText: '0.8' })).toEqual([]);
    expect(faultsOf({ ...hosted, baseUrl: 'http://ollama:11434/v1' })).toEqual([]);
  });

  it('refuse a server without a model, an address with credentials, and a temperature beyond the scale', () => {
    expect(faultsOf({ baseUrl: hosted.baseUrl })).toEqual(['model']);
    expect(faultsOf({ ...hosted, baseUrl: 'http://me:secret@127.0.0.1/v1' })).toEqual(['baseUrl']);
    expect(faultsOf({ ...hosted, baseUrl: 'localhost:11434' })).toEqual(['baseUrl']);
    expect(faultsOf({ ...hosted, temperatureText: '2.1' })).toEqual(['temperatureText']);
  });
});
