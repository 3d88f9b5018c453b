import { Global, Module } from '@nestjs/common';
import { PeriodicTasks } from './periodic.js';

@Global()
@Module({ providers: [PeriodicTasks], exports: [PeriodicTasks] })
export class PeriodicModule {}
