const MiB = 1_048_576;

export const GALLERY_LIMITS = {
  /** Of one picture. */
  bytes: 10 * MiB,
  /** Of all pictures of one character. */
  totalBytes: 200 * MiB,
  assets: 200,
  /** By one user, to all galleries together, also with a card: three full ones. */
  addedPerHour: 600,
  name: 120,
} as const;
