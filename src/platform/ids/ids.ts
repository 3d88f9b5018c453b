import { v7, validate } from 'uuid';

/** UUIDv7 (RFC 9562): sorts by creation time, 74 random bits. */
export const newId = (): string => v7();

export const isId = (value: string): boolean => validate(value);
