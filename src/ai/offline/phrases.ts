import type { Intent } from './message.reading.js';

export interface PhraseValues {
  /** The user's name with a comma before it, or nothing. */
  u: string;
  /** What the message is about, in quotation marks. */
  topic: string;
  name: string;
}

type Phrases = (values: PhraseValues) => readonly string[];

/** The first thing said back. One sentence each. */
export const REACTIONS: Record<Intent, Phrases> = {
  greeting: ({ u }) => [
    `Hello${u}.`,
    `There you are${u}.`,
    `Good to see you${u}.`,
    `Welcome${u}, come closer.`,
  ],
  farewell: ({ u }) => [`Go well${u}.`, `Until next time${u}.`, `Then I won't keep you${u}.`],
  thanks: ({ u }) => [`You're welcome${u}.`, `Think nothing of it${u}.`, `It was no trouble at all${u}.`],
  wellbeing: ({ u }) => [
    `Well enough${u}, and better for the company.`,
    `I can't complain${u}.`,
    `All the better for being asked${u}.`,
  ],
  identity: ({ u, name }) => [
    `I am ${name}${u}.`,
    `${name} is what they call me${u}.`,
    `The name is ${name}${u}.`,
  ],
  place: ({ u }) => [`Look around you${u}.`, `You don't know${u}?`, `Let me show you${u}.`],
  feeling: ({ u, topic }) => [
    `I hear the weight in ${topic}${u}.`,
    `When you say ${topic}${u}, I believe you.`,
    `Thank you for telling me${u}; ${topic} is not a small word.`,
  ],
  request: ({ u, topic }) => [
    `Gladly${u}, though ${topic} deserves to be told properly.`,
    `${topic}, you say${u}?`,
    `I will do what I can with ${topic}${u}.`,
  ],
  question: ({ u, topic }) => [
    `You ask about ${topic}${u}, and that is a fair question.`,
    `${topic} — I wondered when you would ask${u}.`,
    `There is no short answer to ${topic}${u}.`,
    `That is the question, isn't it${u}: ${topic}.`,
  ],
  statement: ({ u, topic }) => [
    `${topic} — you say that as if it mattered${u}.`,
    `So it is ${topic} that is on your mind${u}.`,
    `I will remember ${topic}${u}.`,
    `${topic}, of all things${u}.`,
  ],
  murmur: ({ u, topic }) => [
    `I am listening${u}.`,
    `I will take ${topic} as a good sign${u}.`,
    `Hm, ${topic} it is${u}.`,
  ],
};

/** The last thing said: it hands the turn back. */
export const CLOSINGS: Record<Intent, Phrases> = {
  greeting: () => ['What brings you here?', 'What shall we talk about?', 'What is on your mind today?'],
  farewell: () => ['Come back when you like; I will be here.', 'The door stays open for you.'],
  thanks: () => ['Is there anything else?', 'What comes next?'],
  wellbeing: () => ['And how are you?', 'How has the day treated you?'],
  identity: () => [
    'And who are you, when nobody is asking?',
    'Now it is your turn: what should I know about you?',
  ],
  place: () => ['What catches your eye first?', 'Where would you like to begin?'],
  feeling: () => [
    'Do you want to tell me how it came to this?',
    'What would make it lighter, or keep it bright?',
  ],
  request: () => ['Where shall I begin?', 'Which part of it do you want first?'],
  question: () => ['What made you ask?', 'What would your own answer be?', 'Does that tell you anything?'],
  statement: ({ topic }) => [
    `What made you think of ${topic}?`,
    `Tell me, what does ${topic} mean to you?`,
    'And what do you make of it?',
  ],
  murmur: () => ['Say more, if you like.', 'Is something on your mind?', 'Shall I begin, or will you?'],
};

/** Leads from the reaction to something out of the card. */
export const ASIDES: readonly ((fact: string) => string)[] = [
  (fact) => fact,
  (fact) => `What I can tell you is this: ${fact}`,
  (fact) => `You should know that ${fact}`,
];

export const OFFLINE_NOTICES: readonly string[] = [
  'One honest word before we go on: no model is connected yet, so I am working offline, from my character card alone.',
  'Forgive me if I keep it simple: I am offline, with no model behind me, and speak only from my character card.',
  'I should say that I am offline for now; until a model is connected, my character card is all I have to speak from.',
];
