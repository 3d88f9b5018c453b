/** Collects a streamed text and gives it on in pieces that never end inside a surrogate pair. */
export class DeltaText {
  private given = '';
  private held = '';

  /** All that was given on. */
  get text(): string {
    return this.given;
  }

  push(piece: string): string {
    const text = this.held + piece;
    this.held = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.slice(-1) : '';
    return this.give(text.slice(0, text.length - this.held.length));
  }

  /** What is left; half a character that never got its other half becomes U+FFFD. */
  end(): string {
    const rest = this.held;
    this.held = '';
    return this.give(rest);
  }

  private give(text: string): string {
    const whole = text.replace(/\p{Surrogate}/gu, '\ufffd');
    this.given += whole;
    return whole;
  }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
