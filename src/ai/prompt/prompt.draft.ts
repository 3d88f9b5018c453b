import type { ChatMessage, PromptHistoryMessage, PromptInput, PromptSource } from '../ai.types.js';
import type { LoreEntry } from '../lorebook/lore.entry.js';
import { scanLore, type LoreFinding } from '../lorebook/lore.scan.js';
import { characterTemplate, spokenName, type CharacterTemplate } from './character.template.js';
import type { ContextCandidates, ContextMessage } from './context.window.js';
import { expandMacros } from './macros.js';

/** Everything that could be in a prompt, before it is decided what fits. */
export interface PromptDraft {
  candidates: ContextCandidates;
  lore: LoreFinding[];
  /** In the order of the prompt: what stands before the conversation, the conversation, and what stands behind it. */
  opening: ContextMessage[];
  talk: ContextMessage[];
  closing: ContextMessage[];
  /** Stands in the conversation, so many messages from its newest end; in order. */
  woven: { depth: number; message: ContextMessage }[];
}

type NewMessage = (
  role: ChatMessage['role'],
  content: string,
  source: PromptSource,
  more?: Partial<ContextMessage>,
) => ContextMessage;

interface PlacedLore {
  entry: LoreEntry;
  message: ContextMessage;
}

export function draftPrompt(input: PromptInput, message: NewMessage): PromptDraft {
  const { character, userName, history, summary } = input;
  const seed = input.seed ?? history.at(-1)?.seq ?? 0;
  const template = characterTemplate(character, userName, seed);
  const instruction = (source: PromptSource, ...texts: string[]): ContextMessage[] =>
    texts.filter((text) => text !== '').map((text) => message('system', text, source));

  const newest = history.findLastIndex(({ role }) => role === 'user');
  const greeting = input.hasEarlier ? -1 : greetingOf(history, template);
  const talk = history.map((said, index) =>
    message(said.role === 'user' ? 'user' : 'assistant', said.text, sourceOf(index, newest, greeting), {
      messageSeq: said.seq,
      ...(said.toolResult && { toolResult: true }),
    }),
  );
  // What follows the newest user message (a reply to go on from) answers it and cannot be parted from it.
  const split = newest === -1 ? history.length : newest;

  const names = { char: spokenName(character), user: userName, seed };
  const book = character.lorebook;
  const { fired, findings } = book
    ? scanLore({
        book,
        messages: history,
        whole: !input.hasEarlier,
        greeting: greeting === -1 ? undefined : greeting,
        seed,
        expand: (text) => expandMacros(text, { ...names, showHiddenKeys: true }),
      })
    : { fired: [], findings: [] };
  const placed = fired.flatMap((entry): PlacedLore[] => {
    const text = expandMacros(entry.text, names).trim();
    const role = entry.decorations.role ?? 'system';
    return text === '' ? [] : [{ entry, message: message(role, text, 'lore', { entryId: entry.id }) }];
  });

  const instructions = [template.system, input.instructions?.trim()].filter(Boolean).join('\n\n');
  const system = instruction('system', instructions);
  const postHistory = instruction('postHistory', template.postHistory);
  const examples = instruction('example', ...template.examples);
  const told =
    summary && message('system', `What was said before, in short:\n${summary.text.trim()}`, 'summary');
  const { block, woven, above, below } = arranged(placed, template.character, message);
  return {
    lore: findings,
    candidates: {
      mandatory: [
        ...system,
        ...block.filter(({ source }) => source === 'character'),
        ...talk.slice(split),
        ...postHistory,
      ],
      history: talk.slice(0, split),
      lore: placed.map(({ message: each }) => each),
      ...(book?.token_budget === undefined ? {} : { loreTokens: book.token_budget }),
      expendable: new Set(
        placed.filter(({ entry }) => entry.decorations.expendable).map((one) => one.message),
      ),
      ...(told && { summary: told }),
      examples,
    },
    opening: [...system, ...above, ...block, ...below, ...examples, ...(told ? [told] : [])],
    talk,
    closing: postHistory,
    woven,
  };
}

/** Puts lore where it belongs: around and inside the character block, and into the conversation. */
function arranged(
  placed: readonly PlacedLore[],
  { description, personality, scenario }: CharacterTemplate['character'],
  message: NewMessage,
): Pick<PromptDraft, 'woven'> & Record<'block' | 'above' | 'below', ContextMessage[]> {
  const sections = {
    before_desc: true,
    after_desc: true,
    personality: personality !== '',
    scenario: scenario !== '',
  };
  const inOrder = placed.toSorted(
    (a, b) => a.entry.insertionOrder - b.entry.insertionOrder || a.entry.index - b.entry.index,
  );
  const woven: PromptDraft['woven'] = [];
  const spots = new Map<string, ContextMessage[]>();
  for (const { entry, message: lore } of inOrder) {
    const { place, depth } = entry.decorations;
    const inside = place !== undefined && sections[place];
    if (!inside && depth !== undefined) {
      woven.push({ depth, message: lore });
      continue;
    }
    const spot = inside ? place : entry.position;
    spots.set(spot, [...(spots.get(spot) ?? []), lore]);
  }
  const at = (spot: string): ContextMessage[] => spots.get(spot) ?? [];
  const block: ContextMessage[] = [];
  let paragraphs: string[] = [];
  const close = (): void => {
    if (paragraphs.length > 0) block.push(message('system', paragraphs.join('\n\n'), 'character'));
    paragraphs = [];
  };
  for (const piece of [
    ...at('before_desc'),
    description,
    ...at('after_desc'),
    personality,
    ...at('personality'),
    scenario,
    ...at('scenario'),
  ]) {
    if (typeof piece !== 'string') {
      close();
      block.push(piece);
    } else if (piece !== '') paragraphs.push(piece);
  }
  close();
  return { block, woven, above: at('before_char'), below: at('after_char') };
}

/** Which of the card's greetings the conversation began with; -1 for none of them. */
function greetingOf([first]: readonly PromptHistoryMessage[], { greetings }: CharacterTemplate): number {
  return first?.role === 'character' ? greetings.indexOf(first.text.trim()) : -1;
}

function sourceOf(index: number, newest: number, greeting: number): PromptSource {
  if (index === newest) return 'message';
  return index === 0 && greeting !== -1 ? 'greeting' : 'history';
}
