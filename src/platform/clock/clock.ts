import { Injectable } from '@nestjs/common';

/** The application's one source of time, so that tests can freeze a day or step over midnight. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
