import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicTasks } from '../jobs/periodic.js';
import { BlobStore } from './blob-store.js';

const HOUR_MS = 3_600_000;

@Injectable()
export class BlobSweep implements OnApplicationBootstrap {
  constructor(
    private readonly periodic: PeriodicTasks,
    private readonly blobs: BlobStore,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.every('blob-sweep', HOUR_MS, async (signal) => {
      while ((await this.blobs.sweep()) > 0 && !signal.aborted);
    });
  }
}
