import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { DatabaseHealth } from '../../../src/platform/database/database.health.js';
import { Database } from '../../../src/platform/database/database.js';
import { DatabaseModule } from '../../../src/platform/database/database.module.js';
import { DatabaseSettings } from '../../../src/platform/database/database.settings.js';
import { testServers } from '../../support/test-servers.js';

@Entity('users')
class Person {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') displayName!: string;
}

@Entity('usage_counters')
class Counter {
  @PrimaryColumn('uuid') userId!: string;
  @Column('int') used!: number;
}

@Injectable()
class PeopleRepository {
  constructor(readonly database: Database) {}
  names = (): Promise<Person[]> => this.database.manager.find(Person, { order: { displayName: 'ASC' } });
}

@Module({ imports: [DatabaseModule.forFeature([Person])], providers: [PeopleRepository] })
class PeopleModule {}

@Module({ imports: [DatabaseModule.forFeature([Counter])] })
class CountersModule {}

@Module({ providers: [DatabaseSettings], exports: [DatabaseSettings] })
class SettingsModule {}

describe('DatabaseModule', () => {
  it('gives every feature its entities, in snake case, wherever the modules stand; closes with the application', async () => {
    const { url, drop } = await (await testServers.postgres()).createDatabase();
    const testing = Test.createTestingModule({
      imports: [PeopleModule, { module: SettingsModule, global: true }, DatabaseModule, CountersModule],
    });
    const app = await testing
      .overrideProvider(DatabaseSettings)
      .useValue(Object.assign(new DatabaseSettings(), { url }))
      .compile();
    const people = app.get(PeopleRepository);
    const { database } = people;
    await database.manager
      .query(`INSERT INTO users (id, email, email_normalized, username, username_normalized, display_name)
      VALUES (gen_random_uuid(), 'a', 'a', 'a', 'a', 'Ann')`);
    expect(await people.names()).toMatchObject([{ displayName: 'Ann' }]);
    expect(await database.manager.count(Counter)).toBe(0);
    expect(await app.get(DatabaseHealth).check()).toMatchObject({ status: 'up' });
    app.enableShutdownHooks([]);
    await app.close();
    expect(await app.get(DatabaseHealth).check()).toMatchObject({
      status: 'down',
      reason: expect.any(String) as string,
    });
    await drop();
  });
});
