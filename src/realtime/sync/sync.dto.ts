import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { LogEvent } from '../../platform/events/event-log.js';

/** Each may answer 200 events. */
const MAX_STREAMS = 20;

export class StreamPosition {
  @IsString()
  @MaxLength(100)
  stream!: string;

  /** Of the last event that the client has seen. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  epoch?: string;

  /** Its number; without one the stream is followed from its present end. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;
}

export class ResumeStreams {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_STREAMS)
  @ValidateNested({ each: true })
  @Type(() => StreamPosition)
  streams!: StreamPosition[];
}

export class AcknowledgeStream {
  @IsString()
  @MaxLength(100)
  stream!: string;

  @IsInt()
  @Min(0)
  seq!: number;
}

/** Where one stream stands for the client that asked. */
export interface ResumedStream {
  stream: string;
  epoch: string | null;
  /**
   * ok: `events` are exactly `from..to`. gap, reset: fetch `snapshot`, then go on from `epoch` and `to`. forbidden: not
   * theirs, or none.
   */
  status: 'ok' | 'gap' | 'reset' | 'forbidden';
  from: number | null;
  to: number | null;
  events: LogEvent[];
  /** Ask again after `to`; nothing newer of this stream is sent before. */
  hasMore: boolean;
  snapshot: string | null;
}
