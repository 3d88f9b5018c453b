import { IsIn } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class LogSettings {
  @Setting({ env: 'LOG_LEVEL', description: 'trace, debug, info, warn, error, fatal or silent.' })
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' = 'info';
}
