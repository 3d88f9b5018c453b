import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsUUID } from 'class-validator';

/**
 * A property that holds an id. In lower case from here on: PostgreSQL reads a UUID in either case, but a cache key, a
 * room or a stream of another spelling would be another one.
 */
export const IsId = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) => (typeof value === 'string' ? value.toLowerCase() : (value as unknown))),
    IsUUID('all'),
    ApiProperty({ format: 'uuid' }),
  );
