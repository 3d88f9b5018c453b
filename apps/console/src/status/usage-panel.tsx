import type { CharacterSummary, UsageToday } from '../api/api.types.js';
import { Meter } from '../ui/meter.js';
import { timeOf } from '../ui/times.js';

interface Props {
  usage: UsageToday;
  characters: CharacterSummary[];
}

export function UsagePanel({ usage, characters }: Props) {
  const names = new Map(characters.map(({ id, name }) => [id, name]));
  return (
    <>
      <p className="muted small">
        {usage.totals.text.used} sent, tier {usage.tier}; counted anew from {timeOf(usage.resetsAt)}
      </p>
      <ul className="usage">
        {usage.characters.map(({ characterId, counters: { text } }) => {
          const name = names.get(characterId) ?? 'Another character';
          const spent = text.limit === null ? 0 : (text.used + text.reserved) / text.limit;
          return (
            <li key={characterId}>
              <span>{name}</span>
              <Meter
                label={`Messages to ${name}`}
                share={spent}
                tone={spent >= 1 ? 'bad' : spent >= 0.8 ? 'warn' : 'good'}
              />
              <span className="muted">
                {text.used}
                {text.limit === null ? '' : ` of ${text.limit}`}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
