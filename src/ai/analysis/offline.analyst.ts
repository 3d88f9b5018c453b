import { Injectable } from '@nestjs/common';
import { keywordsOf, readMessage, type MessageReading } from '../offline/message.reading.js';
import type { AnalysisKind, AnalysisResults, Analyst, IntentResult, TopicsResult } from './analysis.types.js';
import { readSafety } from './offline.safety.js';
import { readSentiment } from './offline.sentiment.js';

/** What somebody wants to say is said by then; finding words is slow work. */
const MAX_CHARS = 8_000;
const MAX_TOPICS = 5;

/** Word lists and rules: no network, no model, always the same answer, and a confidence that admits what it is. */
@Injectable()
export class OfflineAnalyst implements Analyst {
  /** Raise it whenever a list or a rule changes, or old results stay for a day. */
  readonly version = 'offline-1';

  analyse(text: string, kinds: readonly AnalysisKind[]): Promise<AnalysisResults> {
    const said = text.slice(0, MAX_CHARS);
    const results: AnalysisResults = {};
    if (kinds.includes('sentiment')) results.sentiment = readSentiment(said);
    if (kinds.includes('intent')) results.intent = readIntent(said);
    if (kinds.includes('topics')) results.topics = readTopics(said);
    if (kinds.includes('safety')) results.safety = readSafety(said);
    return Promise.resolve(results);
  }
}

function readIntent(text: string): IntentResult {
  const { intent } = readMessage(text);
  return { label: intent, confidence: CONFIDENCE[intent] ?? 0.6 };
}

/** What remains when no phrase was recognised is a guess. */
const CONFIDENCE: Partial<Record<MessageReading['intent'], number>> = {
  greeting: 0.7,
  statement: 0.3,
  murmur: 0.4,
};

function readTopics(text: string): TopicsResult {
  const lower = text.toLowerCase();
  const counted = keywordsOf(text).map((topic) => ({ topic, count: lower.split(topic).length - 1 }));
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  counted.sort((a, b) => b.count - a.count);
  const topics = counted
    .slice(0, MAX_TOPICS)
    .map(({ topic, count }) => ({ topic, weight: Math.floor((count / total) * 100) / 100 }));
  return { topics, confidence: topics.length > 0 ? 0.4 : 0.1 };
}
