import { Injectable } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { RedisSettings } from '../redis/redis.settings.js';
import { Alarm } from './alarm.js';
import { alarmPrefix } from './alarm-prefix.js';

/** Wakes a process that runs jobs. */
@Injectable()
export class JobAlarm extends Alarm {
  constructor(connections: RedisConnections, redis: RedisSettings, runtime: RuntimeSettings) {
    super('jobs', connections, alarmPrefix(redis, runtime));
  }
}
