import { Injectable } from '@nestjs/common';
import {
  ErasesUserData,
  ExportsUserData,
  jsonLines,
  type ExportedBatch,
} from '../../platform/user-data/user-data.decorators.js';
import { ItemsRepository, positionOf, type ItemPosition } from './items.repository.js';
import { SyncsRepository } from './syncs.repository.js';

const EXPORTED_AT_ONCE = 1_000;
const ERASED_AT_ONCE = 5_000;

/** What was read from platforms, as people take it along and as it goes with their account. */
@Injectable()
export class ExtractionData {
  constructor(
    private readonly items: ItemsRepository,
    private readonly syncs: SyncsRepository,
  ) {}

  @ExportsUserData('extracted-items')
  async export(userId: string, after: string | undefined): Promise<ExportedBatch> {
    const from = after === undefined ? undefined : (JSON.parse(after) as ItemPosition);
    const items = await this.items.page(userId, from, EXPORTED_AT_ONCE);
    const last = items.length === EXPORTED_AT_ONCE ? items.at(-1) : undefined;
    return {
      parts: [{ file: 'extracted-items.jsonl', content: jsonLines(items) }],
      next: last && JSON.stringify(positionOf(last)),
    };
  }

  @ErasesUserData('extracted-items', 10)
  async erase(userId: string): Promise<boolean> {
    await this.syncs.forgetAll(userId);
    return (await this.items.removeSome(userId, ERASED_AT_ONCE)) === ERASED_AT_ONCE;
  }
}
