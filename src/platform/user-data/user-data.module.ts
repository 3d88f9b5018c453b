import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { UserData } from './user-data.js';

@Module({ imports: [DiscoveryModule], providers: [UserData], exports: [UserData] })
export class UserDataModule {}
