/** What is measured against: the character's declared personality. */
export interface DeclaredPersonality {
  traits: readonly { name: string; weight: number }[];
  tone: string;
}

export interface PersonalityReading {
  /** What the text shows, the clearest first; weights from 0 to 1. */
  traits: { name: string; weight: number }[];
  tone: { label: string; confidence: number };
  style: ReplyStyle;
  /** 0 to 1: how much of the declared traits the text shows; null where nothing comparable is declared. */
  consistency: number | null;
  /** 0 to 1. A short text shows little of anybody. */
  confidence: number;
}

/** Counted, not judged. */
export interface ReplyStyle {
  words: number;
  wordsPerSentence: number;
  questions: number;
  exclamations: number;
  /** Actions between asterisks. */
  gestures: number;
}
