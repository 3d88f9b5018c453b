import { AiSettings } from '../ai.settings.js';
import { countingFor } from './tokenizers.js';

describe('countingFor', () => {
  it.each([
    'gpt-4o',
    'gpt-4o-mini-2024-07-18',
    'chatgpt-4o-latest',
    'gpt-4.1-nano',
    'gpt-5',
    'o1',
    'o3-mini',
    'o4-mini',
    'openai/gpt-4o',
    'gpt-oss:20b',
  ])('counts for %s with o200k_base', (model) => {
    expect(countingFor(model)).toEqual({ tokenizer: 'o200k_base', margin: 0.02 });
  });

  it.each(['gpt-4', 'gpt-4-turbo', 'gpt-4-0613', 'gpt-3.5-turbo', 'GPT-4'])(
    'counts for %s with cl100k_base',
    (model) => {
      expect(countingFor(model)).toEqual({ tokenizer: 'cl100k_base', margin: 0.02 });
    },
  );

  it.each([
    ['llama3.1:8b', 0.05],
    ['meta-llama/Llama-3.3-70B-Instruct', 0.05],
    ['qwen2.5', 0.05],
    ['llama2', 0.2],
    ['mistral', 0.2],
    ['o2ring', 0.2],
    ['my-gpt-4o', 0.2],
  ])('keeps free for %s what it may count more: %f', (model, margin) => {
    expect(countingFor(model)).toEqual({ tokenizer: 'cl100k_base', margin });
  });

  it('believes what is configured, and keeps 2 % free where no model counts otherwise', () => {
    expect(countingFor('mistral', 'o200k_base')).toEqual({ tokenizer: 'o200k_base', margin: 0.02 });
    expect(countingFor(undefined)).toEqual({ tokenizer: 'cl100k_base', margin: 0.02 });
    const settings = Object.assign(new AiSettings(), {
      contextWindow: 4_096,
      contextWindows: ['a:b=1000', 'a=2000'],
      tokenizers: ['a:b=o200k_base'],
    });
    expect(['a:b', 'a', 'c', undefined].map((model) => settings.windowOf(model))).toEqual([
      1_000, 2_000, 4_096, 4_096,
    ]);
    expect(settings.countingOf('a:b').tokenizer).toBe('o200k_base');
    expect(settings.countingOf('a').margin).toBe(0.2);
  });
});
