/** Picks that are the same for the same text and seed. */
export class SeededChoice {
  private state: number;

  constructor(text: string, seed = 0) {
    this.state = fnv1a(`${seed}\u0000${text}`);
  }

  /** One of the options, by preference one that `avoid` does not name. */
  pick(options: readonly string[], avoid: (option: string) => boolean = () => false): string {
    const fresh = options.filter((option) => !avoid(option));
    const from = fresh.length > 0 ? fresh : options;
    return from[Math.floor(this.fraction() * from.length)] ?? '';
  }

  /** 0 ≤ n < 1, by mulberry32. */
  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}

/** A number that stands for a text. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
