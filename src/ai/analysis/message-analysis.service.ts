import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { messageAnalyses } from './analysis.cache.js';
import { ANALYSIS_KINDS, type AnalysisKind, type AnalysisResults, type Analyst } from './analysis.types.js';
import { MessageTexts } from './message-texts.service.js';
import { ModelAnalyst } from './model.analyst.js';
import { ModelJudge } from './model.judge.js';
import { OfflineAnalyst } from './offline.analyst.js';

export interface Analysis {
  results: AnalysisResults;
  /** Whether it was known already. */
  cached: boolean;
  analysisVersion: string;
}

/** What a message says beside its words. Read once per text, kinds and version, for all instances. */
@Injectable()
export class MessageAnalysis {
  private readonly analyst: Analyst;

  constructor(
    private readonly cache: CacheService,
    private readonly texts: MessageTexts,
    judge: ModelJudge,
    offline: OfflineAnalyst,
    model: ModelAnalyst,
  ) {
    this.analyst = judge.model === undefined ? offline : model;
  }

  /** @throws upstream-failed, upstream-timeout when a model reads and cannot */
  async analyse(text: string, asked: readonly AnalysisKind[] = ANALYSIS_KINDS): Promise<Analysis> {
    const kinds = ANALYSIS_KINDS.filter((kind) => asked.includes(kind));
    const { version } = this.analyst;
    const key = { version, kinds: kinds.join('+'), textHash: hashOf(text) };
    let cached = true;
    const results = await this.cache.for(messageAnalyses).getOrLoad([key], () => {
      cached = false;
      return this.analyst.analyse(text, kinds);
    });
    return { results, cached, analysisVersion: version };
  }

  /** @throws not-found for a message that is not there, or no longer */
  async analyseMessage(messageId: string, kinds?: readonly AnalysisKind[]): Promise<Analysis> {
    const text = await this.texts.find(messageId);
    if (text === undefined) throw platformErrors['not-found'](`There is no message "${messageId}".`);
    return this.analyse(text, kinds);
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
