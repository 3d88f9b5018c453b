const DAY_MS = 86_400_000;
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export const timeOf = (at: string): string => time.format(new Date(at));

/** The time of what was today, the day of what was before. */
export function momentOf(at: string, now = Date.now()): string {
  const date = new Date(at);
  const recent = now - date.getTime() < DAY_MS && date.getDate() === new Date(now).getDate();
  return recent ? time.format(date) : day.format(date);
}

export function durationOf(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}
