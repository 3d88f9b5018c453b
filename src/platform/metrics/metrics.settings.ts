import { IsOptional, IsString } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class MetricsSettings {
  @Setting({
    env: 'METRICS_TOKEN',
    description:
      'Bearer token that /metrics asks for. Without it everybody who reaches the service can read its metrics.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  token?: string;
}
