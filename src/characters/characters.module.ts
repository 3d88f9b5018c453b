import { Module } from '@nestjs/common';
import { BlobsModule } from '../platform/blobs/blobs.module.js';
import { ClockModule } from '../platform/clock/clock.module.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { PeriodicModule } from '../platform/jobs/periodic.module.js';
import { RateLimitModule } from '../platform/rate-limit/rate-limit.module.js';
import { CharacterDataRepository } from './character-data.repository.js';
import { CharacterData } from './character-data.service.js';
import { CharacterPartsController } from './character-parts.controller.js';
import { CharacterStore } from './character-store.service.js';
import { CharacterEntity, CharacterHeadEntity } from './character.entity.js';
import { CharacterTopic } from './character.topic.js';
import { CharactersController } from './characters.controller.js';
import { CharactersRepository } from './characters.repository.js';
import { CharactersService } from './characters.service.js';
import { DemoCharacters } from './demo-characters.js';
import { CardsController } from './cards/cards.controller.js';
import { CardsService } from './cards/cards.service.js';
import { CharacterAssetEntity } from './gallery/character-asset.entity.js';
import { GalleryController } from './gallery/gallery.controller.js';
import { GalleryRepository } from './gallery/gallery.repository.js';
import { GalleryService } from './gallery/gallery.service.js';
import { CharacterStatsController } from './stats/character-stats.controller.js';
import { CharacterStatsReconciling } from './stats/character-stats.reconciling.js';
import { CharacterStatsRepository } from './stats/character-stats.repository.js';
import { CharacterStatsService } from './stats/character-stats.service.js';

@Module({
  imports: [
    BlobsModule,
    ClockModule,
    PeriodicModule,
    RateLimitModule,
    DatabaseModule.forFeature([CharacterEntity, CharacterHeadEntity, CharacterAssetEntity]),
  ],
  controllers: [
    CardsController,
    CharactersController,
    CharacterPartsController,
    GalleryController,
    CharacterStatsController,
  ],
  providers: [
    CardsService,
    CharacterData,
    CharacterDataRepository,
    CharacterStatsReconciling,
    CharacterStatsRepository,
    CharacterStatsService,
    CharacterStore,
    CharacterTopic,
    CharactersRepository,
    CharactersService,
    DemoCharacters,
    GalleryRepository,
    GalleryService,
  ],
  exports: [CharacterStatsService, CharactersService, DemoCharacters],
})
export class CharactersModule {}
