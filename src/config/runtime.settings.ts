import { IsIn } from 'class-validator';
import { Setting } from './setting.js';

export class RuntimeSettings {
  @Setting({
    env: 'NODE_ENV',
    description:
      'development generates missing secrets and shows more; production refuses missing and placeholder secrets.',
  })
  @IsIn(['development', 'production', 'test'])
  environment: 'development' | 'production' | 'test' = 'development';

  get production(): boolean {
    return this.environment === 'production';
  }
}
