import { IsIn } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class ReplySettings {
  @Setting({
    env: 'REPLIES',
    description:
      'Where replies are made: inline, by the process that was asked, or worker, by those that run jobs (needs Redis and DATABASE_URL; while Redis is away, inline).',
  })
  @IsIn(['inline', 'worker'])
  madeBy: 'inline' | 'worker' = 'inline';
}
