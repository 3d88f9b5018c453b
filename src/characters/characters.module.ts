import { Module } from '@nestjs/common';
import { DatabaseModule } from '../platform/database/database.module.js';
import { CharacterEntity, CharacterHeadEntity } from './character.entity.js';
import { CharactersController } from './characters.controller.js';
import { CharactersRepository } from './characters.repository.js';
import { CharactersService } from './characters.service.js';
import { DemoCharacters } from './demo-characters.js';

@Module({
  imports: [DatabaseModule.forFeature([CharacterEntity, CharacterHeadEntity])],
  controllers: [CharactersController],
  providers: [CharactersRepository, CharactersService, DemoCharacters],
  exports: [CharactersService, DemoCharacters],
})
export class CharactersModule {}
