import type { PromptCharacter } from '../ai.types.js';
import { exampleDialogues, spokenName } from '../prompt/character.template.js';
import { expandMacros } from '../prompt/macros.js';
import { firstPerson } from './first.person.js';
import { keywordsOf } from './message.reading.js';

export interface ExampleLine {
  text: string;
  keywords: ReadonlySet<string>;
}

/** What a card gives to speak with. */
export interface CharacterVoice {
  greeting: string;
  /** Sentences of the description that could be turned into the first person. */
  facts: string[];
  /** The scenario's first sentence. */
  scene?: string;
  lines: ExampleLine[];
  gestures: readonly string[];
}

const GESTURES: Record<string, readonly string[]> = {
  warm: ['*smiles warmly*', '*makes room*'],
  kind: ['*nods kindly*', '*smiles*'],
  gentle: ['*speaks softly*', '*smiles gently*'],
  shy: ['*looks away for a moment*', '*fidgets with a sleeve*'],
  curious: ['*tilts head*', '*leans closer*'],
  stern: ['*folds arms*', '*looks you straight in the eye*'],
  sarcastic: ['*raises an eyebrow*', '*smirks*'],
  witty: ['*grins*', '*raises an eyebrow*'],
  dry: ['*raises an eyebrow*', '*almost smiles*'],
  cheerful: ['*beams*', '*laughs*'],
  grumpy: ['*grumbles*', '*sighs*'],
  mysterious: ['*smiles thinly*', '*lets the silence stretch*'],
  calm: ['*takes a slow breath*', '*nods*'],
  playful: ['*grins*', '*winks*'],
  wise: ['*considers this for a while*', '*nods slowly*'],
  brave: ['*stands a little taller*', '*nods firmly*'],
  proud: ['*lifts chin*', '*straightens up*'],
  nervous: ['*glances around*', '*swallows*'],
  cold: ['*does not look up at once*', '*gives a short nod*'],
  stoic: ['*gives a short nod*', '*remains still*'],
  energetic: ['*bounces on the spot*', '*claps hands*'],
  melancholic: ['*gazes into the distance*', '*sighs softly*'],
};
const PLAIN_GESTURES = ['*looks up*', '*thinks it over*', '*nods*'];

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const MAX_LINE_CHARS = 200;

export function voiceOf(character: PromptCharacter, userName: string): CharacterVoice {
  const names = { char: spokenName(character), user: userName };
  const fill = (text: string): string => expandMacros(text, names).trim();
  const greeting = fill(character.firstMessage);
  const scene = sentencesOf(fill(character.scenario))[0];
  return {
    greeting,
    facts: sentencesOf(fill(character.description))
      .map((sentence) => firstPerson(sentence, names.char))
      .filter((fact) => fact !== undefined),
    ...(scene !== undefined && scene.length <= MAX_LINE_CHARS ? { scene: scene.replaceAll('*', '') } : {}),
    lines: exampleLines(character, userName).filter(({ text }) => !greeting.includes(text)),
    gestures: gesturesOf(`${character.personality} ${character.description}`),
  };
}

export const sentencesOf = (text: string): string[] =>
  [...sentences.segment(text.replace(/\s+/g, ' '))]
    .map(({ segment }) => segment.trim())
    .filter((sentence) => sentence !== '');

/** The character's lines in the example dialogues, each with the words that call it up: its own and its cue's. */
function exampleLines(character: PromptCharacter, userName: string): ExampleLine[] {
  const names = { char: spokenName(character), user: userName };
  const lines: ExampleLine[] = [];
  for (const dialogue of exampleDialogues(character.exampleDialogue)) {
    let cue = '';
    for (const turn of expandMacros(dialogue, names).split('\n')) {
      const [, speaker, said = ''] = /^\s*([^:\n]{1,80}):\s*(.*)$/.exec(turn) ?? [];
      if (speaker === userName) cue = said;
      if (speaker !== names.char || said === '') continue;
      lines.push({ text: opening(said), keywords: new Set(keywordsOf(`${cue} ${said}`)) });
    }
  }
  return lines.filter(({ text }) => text !== '');
}

/** Its first sentence, and the second too where they are short. */
function opening(said: string): string {
  const [first = '', second] = sentencesOf(said);
  const both = second === undefined ? first : `${first} ${second}`;
  if (both.length <= MAX_LINE_CHARS / 2) return both;
  return first.length <= MAX_LINE_CHARS ? first : '';
}

function gesturesOf(text: string): readonly string[] {
  const said = new Set(text.toLowerCase().match(/[a-z]+/g) ?? []);
  const fitting = Object.entries(GESTURES).filter(([trait]) => said.has(trait));
  return fitting.length > 0 ? fitting.flatMap(([, gestures]) => gestures) : PLAIN_GESTURES;
}
