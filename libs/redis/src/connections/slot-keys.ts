import type { Cluster, Redis } from 'ioredis';

const SLOTS = 16_384;
/** Enough that every primary of a large Cluster has one of them. */
const CANDIDATES = 1_024;

/** The slot of a key without hash tag: CRC16 (XMODEM) modulo 16384, as the Cluster specification has it. */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc % SLOTS;
}

/** A key of its own for every primary of a Cluster, so that each can be asked directly. */
export class SlotKeys {
  private readonly candidates: readonly { key: string; slot: number }[];

  constructor(prefix: string) {
    this.candidates = Array.from({ length: CANDIDATES }, (_, at) => {
      const key = `${prefix}:${at}`;
      return { key, slot: slotOf(key) };
    });
  }

  /** Undefined for a primary that has no slot (yet). */
  of(cluster: Cluster, { options: { host, port } }: Redis): string | undefined {
    const name = `${host}:${port}`;
    return this.candidates.find(({ slot }) => cluster.slots[slot]?.[0] === name)?.key;
  }
}
