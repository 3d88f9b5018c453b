import { Injectable } from '@nestjs/common';
import { CacheEvict } from '@rapport/cache';
import {
  ErasesUserData,
  ExportsUserData,
  type ExportedBatch,
} from '../../platform/user-data/user-data.decorators.js';
import { soulSignature } from '../connectors.cache.js';
import { SignaturesRepository } from './signatures.repository.js';

@Injectable()
export class SignatureData {
  constructor(private readonly rows: SignaturesRepository) {}

  @ExportsUserData('soul-signature')
  async export(userId: string): Promise<ExportedBatch> {
    const record = await this.rows.find(userId);
    if (!record?.dimensions) return { parts: [] };
    const { version, algorithmVersion, inputsHash, items, dimensions, clusters, computedAt } = record;
    const content = { version, algorithmVersion, inputsHash, items, dimensions, clusters, computedAt };
    return { parts: [{ file: 'soul-signature.json', content: JSON.stringify(content, undefined, 2) }] };
  }

  @ErasesUserData('soul-signature', 20)
  @CacheEvict(soulSignature, (userId: string): [string] => [userId])
  async erase(userId: string): Promise<boolean> {
    await this.rows.remove(userId);
    return false;
  }
}
