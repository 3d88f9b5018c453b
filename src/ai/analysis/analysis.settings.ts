import { IsOptional, IsString, Length } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class AnalysisSettings {
  @Setting({
    env: 'AI_ANALYSIS_MODEL',
    description:
      'The model at AI_BASE_URL that analyses messages and reads personalities. Without it, or without AI_BASE_URL, word lists and rules do, which need no network and know English only.',
    example: 'llama3.1:8b',
  })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model?: string;
}
