import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { Degradations } from '../degraded/degradations.js';
import { BurstLimit } from './burst-limit.js';
import { RateLimiters } from './rate-limiters.js';

@Global()
@Module({ providers: [RateLimiters, BurstLimit], exports: [RateLimiters, BurstLimit] })
export class RateLimitModule implements OnModuleInit {
  constructor(
    private readonly degradations: Degradations,
    private readonly limiters: RateLimiters,
  ) {}

  onModuleInit(): void {
    this.degradations.watch('limits', () => this.limiters.shared.degraded);
  }
}
