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
  /** Empty when the card says nothing about the character. */
  character: string;
  /** Whole dialogues, in the card's order. */
  examples: string[];
  postHistory: string;
  greeting: string;
}

export function characterTemplate(character: PromptCharacter, userName: string): CharacterTemplate {
  const names = { char: character.name, user: userName };
  const original = expandMacros(DEFAULT_SYSTEM_PROMPT, names);
  const fill = (template: string): string => expandMacros(template, names).trim();
  return {
    system: expandMacros(character.systemPrompt.trim() || '{{original}}', { ...names, original }).trim(),
    character: characterBlock(character.name, {
      description: fill(character.description),
      personality: fill(character.personality),
      scenario: fill(character.scenario),
    }),
    examples: exampleDialogues(character.exampleDialogue)
      .map(fill)
      .map((dialogue) => `Example of how ${character.name} talks:\n${dialogue}`),
    postHistory: expandMacros(character.postHistoryInstructions, { ...names, original: '' }).trim(),
    greeting: fill(character.firstMessage),
  };
}

function characterBlock(
  name: string,
  text: { description: string; personality: string; scenario: string },
): string {
  const paragraphs = [
    text.description && `About ${name}:\n${text.description}`,
    text.personality && `${name}’s personality: ${text.personality}`,
    text.scenario && `The scene: ${text.scenario}`,
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

export function exampleDialogues(text: string): string[] {
  return text
    .split(/<START>/i)
    .map((dialogue) => dialogue.trim())
    .filter((dialogue) => dialogue !== '');
}
