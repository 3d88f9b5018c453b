import { Queue } from './queue.js';

/** What is known of an entry when room is needed. */
export interface Resident {
  /** What it takes, in bytes. */
  readonly weight: number;
  /** Stands for its cache and key when the entry itself is gone. */
  readonly fingerprint: number;
  /** How often it was used since it was last looked at, up to {@link MOST_USES}. */
  uses: number;
  /** Past its probation. */
  settled: boolean;
}

/** Beyond it, uses are not counted: an entry that is not wanted any more has to leave some day. */
export const MOST_USES = 3;
/**
 * Share of what is kept that is on probation. Less withstands scans a little better; more gives an entry longer to be
 * wanted again, which is what newest-first reading lives on.
 */
const PROBATION = 0.3;
/** An entry that takes more than this share of the bytes would push out too many others. */
const LARGEST = 1 / 8;
/** No put looks at more entries than this to find one that may go. */
const MOST_LOOKS = 1_000;

/**
 * Decides who stays (after S3-FIFO; Yang et al., SOSP 2023). Newcomers are on probation: who is not used there goes,
 * so that a scan only displaces other newcomers. Who is used settles, and so does at once who comes back soon after
 * having gone. A use costs a counter; order changes only when room is needed.
 */
export class Residents<R extends Resident> {
  private readonly probation = new Queue<R>();
  private readonly settled = new Queue<R>();
  /** Fingerprints of those who went lately. */
  private readonly gone = new Queue<number>();
  private probationBytes = 0;
  private settledBytes = 0;

  constructor(
    private readonly maxEntries: number,
    private readonly maxBytes = Infinity,
  ) {}

  get count(): number {
    return this.probation.size + this.settled.size;
  }

  /** Sum of the weights. */
  get bytes(): number {
    return this.probationBytes + this.settledBytes;
  }

  /** Whether an entry of that weight may be kept at all. */
  accepts(weight: number): boolean {
    return weight <= this.maxBytes * LARGEST;
  }

  add(resident: R): void {
    if (this.gone.delete(resident.fingerprint)) resident.settled = true;
    this.join(resident);
  }

  /** For who does not go for want of room: it is remembered if it was wanted. */
  delete(resident: R): void {
    const queue = resident.settled ? this.settled : this.probation;
    if (!queue.delete(resident)) return;
    this.left(resident);
    if (resident.settled || resident.uses > 0) this.remember(resident);
  }

  /** Takes out who has to go; undefined when everything is within the bounds. */
  takeSurplus(): R | undefined {
    if (this.count <= this.maxEntries && this.bytes <= this.maxBytes) return undefined;
    let looks = 0;
    for (; this.probationBytes > PROBATION * this.bytes && looks < MOST_LOOKS; looks++) {
      const resident = this.probation.take()!;
      this.left(resident);
      if (resident.uses === 0) {
        this.remember(resident);
        return resident;
      }
      resident.uses = 0;
      resident.settled = true;
      this.join(resident);
    }
    for (; ; looks++) {
      const resident = this.settled.take()!;
      this.left(resident);
      if (resident.uses === 0 || looks >= MOST_LOOKS) return resident;
      resident.uses--;
      this.join(resident);
    }
  }

  /** Takes anyone out; undefined when there is nobody. */
  take(): R | undefined {
    const resident = this.probation.take() ?? this.settled.take();
    if (resident) this.left(resident);
    return resident;
  }

  private join(resident: R): void {
    (resident.settled ? this.settled : this.probation).add(resident);
    this.weigh(resident, resident.weight);
  }

  private left(resident: R): void {
    this.weigh(resident, -resident.weight);
  }

  private weigh(resident: R, bytes: number): void {
    if (resident.settled) this.settledBytes += bytes;
    else this.probationBytes += bytes;
  }

  /** As many as could be past probation: who stayed away longer than that is a newcomer again. */
  private remember({ fingerprint }: R): void {
    this.gone.delete(fingerprint);
    this.gone.add(fingerprint);
    while (this.gone.size > (1 - PROBATION) * this.count) this.gone.take();
  }
}
