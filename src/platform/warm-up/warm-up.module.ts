import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { LoginWarmUp } from './login-warm-up.js';

@Module({ imports: [DiscoveryModule], providers: [LoginWarmUp], exports: [LoginWarmUp] })
export class WarmUpModule {}
