import type { PromptCharacter } from '../ai.types.js';
import { expandMacros } from './macros.js';

const DEFAULT_SYSTEM_PROMPT = [
  'You are {{char}}, talking with {{user}}. Stay {{char}} in everything you write.',
  'Answer what {{user}} just said, in your own voice and at a natural length. Use what you know of yourself, the scene and the conversation; where nothing is known, invent what fits and then keep to it.',
  'Never write, decide or feel for {{user}}. Put actions between asterisks.',
].join('\n');

/** The part of a prompt that does not change from turn to turn. */
export interface CharacterTemplate {
  system: string;
  /** About the character, in the order of the prompt; empty where the card says nothing. */
  character: { description: string; personality: string; scenario: string };
  /** Whole dialogues, in the card's order. */
  examples: string[];
  postHistory: string;
  /** The first message and the alternate greetings. */
  greetings: string[];
}

/** What `{{char}}` becomes. */
export const spokenName = ({ name, nickname }: Pick<PromptCharacter, 'name' | 'nickname'>): string =>
  nickname?.trim() || name;

export function characterTemplate(
  character: PromptCharacter,
  userName: string,
  seed?: number,
): CharacterTemplate {
  const char = spokenName(character);
  const names = { char, user: userName, seed };
  const original = expandMacros(DEFAULT_SYSTEM_PROMPT, names);
  const fill = (template: string): string => expandMacros(template, names).trim();
  const titled = (title: string, text: string): string => (text === '' ? '' : `${title}${text}`);
  return {
    system: expandMacros(character.systemPrompt.trim() || '{{original}}', { ...names, original }).trim(),
    character: {
      description: titled(`About ${char}:\n`, fill(character.description)),
      personality: titled(`${char}’s personality: `, fill(character.personality)),
      scenario: titled('The scene: ', fill(character.scenario)),
    },
    examples: exampleDialogues(character.exampleDialogue)
      .map(fill)
      .map((dialogue) => `Example of how ${char} talks:\n${dialogue}`),
    postHistory: expandMacros(character.postHistoryInstructions, { ...names, original: '' }).trim(),
    // As they were said, which no turn's seed had a part in.
    greetings: [character.firstMessage, ...(character.alternateGreetings ?? [])].map((greeting) =>
      expandMacros(greeting, { char, user: userName }).trim(),
    ),
  };
}

export function exampleDialogues(text: string): string[] {
  return text
    .split(/<START>/i)
    .map((dialogue) => dialogue.trim())
    .filter((dialogue) => dialogue !== '');
}
