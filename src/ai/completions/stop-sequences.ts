import type { ReplyChunk } from '../ai.types.js';

/** As the model's own, but for the usage, which a reply that was cut short has none of. */
type StoppedChunk =
  ReplyChunk | (Omit<Extract<ReplyChunk, { type: 'end' }>, 'usage'> & { usage?: undefined });

/** A reply up to the first of some sequences; the model is let go of there. */
export async function* untilStopped(
  source: AsyncIterable<ReplyChunk>,
  sequences: readonly string[],
): AsyncGenerator<StoppedChunk, void, undefined> {
  const stops = new StopSequences(sequences);
  for await (const chunk of source) {
    const text = chunk.type === 'delta' ? stops.push(chunk.text) : stops.end();
    if (text !== '') yield { type: 'delta', text };
    if (chunk.type === 'end') yield chunk;
    if (!stops.stopped) continue;
    yield { type: 'end', finishReason: 'stop' };
    return;
  }
}

/**
 * Ends a text before the first of some sequences. What may be the beginning of one is held back until it is known not to
 * be, so a sequence is found however the text is cut into pieces.
 */
export class StopSequences {
  private held = '';
  private found = false;

  constructor(private readonly sequences: readonly string[]) {}

  /** Whether the text has ended. */
  get stopped(): boolean {
    return this.found;
  }

  /** What may be said now. */
  push(text: string): string {
    if (this.found) return '';
    const said = this.held + text;
    const at = Math.min(...this.sequences.map((each) => indexIn(said, each)));
    if (at < Infinity) {
      this.found = true;
      this.held = '';
      return said.slice(0, at);
    }
    const kept = Math.max(0, ...this.sequences.map((each) => beginningAtEnd(said, each)));
    this.held = said.slice(said.length - kept);
    return said.slice(0, said.length - kept);
  }

  /** What was held back in vain. */
  end(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }
}

function indexIn(text: string, sequence: string): number {
  const at = text.indexOf(sequence);
  return at === -1 ? Infinity : at;
}

/** How many characters at the end of a text are the beginning of a sequence. */
function beginningAtEnd(text: string, sequence: string): number {
  for (let length = Math.min(text.length, sequence.length - 1); length > 0; length--) {
    if (text.endsWith(sequence.slice(0, length))) return length;
  }
  return 0;
}
