import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicTasks } from '../platform/jobs/periodic.js';
import { RefreshTokensService } from './refresh-tokens.service.js';

const HOUR_MS = 3_600_000;

@Injectable()
export class RefreshTokensSweep implements OnApplicationBootstrap {
  constructor(
    private readonly periodic: PeriodicTasks,
    private readonly tokens: RefreshTokensService,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.every('refresh-tokens-sweep', HOUR_MS, () => this.tokens.sweep());
  }
}
