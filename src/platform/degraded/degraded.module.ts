import { Global, Module } from '@nestjs/common';
import { Degradations } from './degradations.js';
import { WatchedFeatures } from './watched-features.js';

@Global()
@Module({ providers: [Degradations, WatchedFeatures], exports: [Degradations] })
export class DegradedModule {}
