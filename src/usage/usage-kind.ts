/** What a message is counted as. */
export const USAGE_KINDS = ['text', 'audio', 'media'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];

export type UsageTier = 'free' | 'premium';
