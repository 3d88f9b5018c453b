import { Module } from '@nestjs/common';
import { PeriodicModule } from '../jobs/periodic.module.js';
import { BlobStore } from './blob-store.js';
import { BlobSweep } from './blob-sweep.js';

@Module({ imports: [PeriodicModule], providers: [BlobStore, BlobSweep], exports: [BlobStore] })
export class BlobsModule {}
