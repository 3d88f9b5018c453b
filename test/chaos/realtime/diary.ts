/** Enough to see what is wrong; the rest is consequences. */
const MAX_COMPLAINTS = 60;

/** What happened to one person, and what was not as promised. */
export class Diary {
  readonly complaints: string[] = [];
  /** Each line begins with ms of this process's clock. */
  readonly lines: string[] = [];
  readonly began = performance.now();

  note(what: string): void {
    this.lines.push(`${Math.round(performance.now())} ${what}`);
  }

  readonly complain = (what: string): void => {
    this.note(`!! ${what}`);
    if (this.complaints.length < MAX_COMPLAINTS) this.complaints.push(what);
  };
}
