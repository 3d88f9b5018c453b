import { spokenName } from '../prompt/character.template.js';
import type { Prompt } from '../ai.types.js';
import { sentencesOf, voiceOf, type CharacterVoice } from './character.voice.js';
import { readMessage, type Intent, type MessageReading } from './message.reading.js';
import { ASIDES, CLOSINGS, OFFLINE_NOTICES, REACTIONS } from './phrases.js';
import { SeededChoice } from '../seeded.choice.js';

const MAX_SENTENCES = 4;
/** Finding words is slow work; what matters is said by then. */
const MAX_READ_CHARS = 2_000;
/** Short courtesies are answered in kind; only the first of them also tells about the character. */
const COURTESIES = new Set<Intent>(['farewell', 'thanks']);

/** The reply to the prompt's newest user message: two to four sentences, the same for the same prompt and seed. */
export function composeReply(prompt: Prompt, seed?: number): string {
  // Lore may be put into anybody's mouth.
  const talk = prompt.messages.filter(({ source }) => source !== 'lore');
  const newest = talk.findLast(({ role }) => role === 'user')?.content ?? '';
  const message = newest.slice(0, MAX_READ_CHARS).replace(/\p{Surrogate}/gu, '');
  const choice = new SeededChoice(
    prompt.messages.map(({ role, content }) => `${role}:${content}`).join('\n'),
    seed,
  );
  const voice = voiceOf(prompt.character, prompt.userName);
  const reading = readMessage(message);
  const earlier = talk.filter(({ role }) => role === 'assistant').map(({ content }) => content);
  const said = (text: string): boolean => earlier.some((reply) => reply.includes(text));
  const address = prompt.userName.trim() === '' ? '' : `, ${prompt.userName.trim()}`;
  // Nobody says the other's name in every sentence.
  const values = {
    u: reading.intent === 'greeting' ? address : choice.pick([reading.greets ? '' : address, '', '']),
    topic: reading.topic === '' ? 'that' : `“${reading.topic}”`,
    name: spokenName(prompt.character),
  };

  const reaction = choice.pick(REACTIONS[reading.intent](values), said);
  const opening = reading.greets && reading.intent !== 'greeting' ? `Hello${address}. ${reaction}` : reaction;
  const fromCard = COURTESIES.has(reading.intent) ? '' : cardSentence(voice, reading, choice, said);
  const notice = knowsItIsOffline(prompt, said) ? '' : choice.pick(OFFLINE_NOTICES);
  const closing = choice.pick(CLOSINGS[reading.intent](values), said);
  const gesture = choice.pick([...voice.gestures, ''], (option) => option !== '' && said(option));

  const sentences = withinLimit([opening, fromCard, notice, closing]);
  return [gesture, ...sentences].filter((part) => part !== '').join(' ');
}

/** Something of the character's own: a line of its examples that the message calls up, a fact, or the scene. */
function cardSentence(
  voice: CharacterVoice,
  { intent, keywords }: MessageReading,
  choice: SeededChoice,
  said: (text: string) => boolean,
): string {
  const unsaid = (text: string): boolean => !said(text) && !voice.greeting.includes(text);
  if (intent === 'place' && voice.scene !== undefined) return `*${voice.scene}*`;
  const line = voice.lines
    .filter(({ text }) => unsaid(text))
    .map((candidate) => ({
      ...candidate,
      shared: keywords.filter((word) => candidate.keywords.has(word)).length,
    }))
    .reduce<{ text: string; shared: number } | undefined>(
      (best, next) => (next.shared > (best?.shared ?? 0) ? next : best),
      undefined,
    );
  if (line) return line.text;
  const facts = voice.facts.filter(unsaid);
  const fitting = facts.filter((fact) => keywords.some((word) => fact.toLowerCase().includes(word)));
  if (fitting[0] !== undefined) return fitting[0];
  if (facts[0] !== undefined && intent !== 'greeting') {
    const fact = intent === 'identity' ? facts[0] : choice.pick(facts);
    return intent === 'identity' ? fact : choice.pick(ASIDES.map((aside) => aside(fact)));
  }
  return voice.scene !== undefined && unsaid(voice.scene) ? `*${voice.scene}*` : '';
}

/** Told once in a conversation. What was dropped was long enough to have told it. */
function knowsItIsOffline({ dropped }: Prompt, said: (text: string) => boolean): boolean {
  return OFFLINE_NOTICES.some(said) || dropped.some(({ source }) => source === 'history');
}

/** What hands the turn back gives way first, then the card; the reaction and the notice stay. */
function withinLimit(parts: string[]): string[] {
  const [opening = '', fromCard = '', notice = '', closing = ''] = parts;
  const attempts = [parts, [opening, fromCard, notice], [opening, notice, closing]];
  const lengthOf = (sentences: string[]): number => sentencesOf(sentences.join(' ')).length;
  return attempts.find((attempt) => lengthOf(attempt) <= MAX_SENTENCES) ?? [opening, notice];
}
