import { useEffect } from 'react';
import type { CharacterUsage } from '../api/api.types.js';
import { useResource } from '../api/use-resource.js';
import { Meter } from '../ui/meter.js';
import { timeOf } from '../ui/times.js';

interface Props {
  characterId: string;
  /** Known already, from the ack of the last message. */
  newest?: CharacterUsage;
  /** Changes when the counters may have changed. */
  round: string;
}

const LOW = 5;

/** How many messages this character takes today. */
export function Allowance({ characterId, newest, round }: Props) {
  const { data, reload } = useResource<CharacterUsage>(`/api/usage/characters/${characterId}`);
  useEffect(reload, [reload, round]);
  const usage = data ?? newest;
  if (!usage) return null;
  const { limit, remaining } = usage.counters.text;
  if (limit === null || remaining === null) return <p className="allowance muted">No daily limit</p>;
  const label = `${remaining} of ${limit} messages left today`;
  const tone = remaining === 0 ? 'bad' : remaining <= LOW ? 'warn' : 'good';
  return (
    <div className="allowance" title={`Starts anew at ${timeOf(usage.resetsAt)}`}>
      <span className="muted small">{label}</span>
      <Meter label={label} share={remaining / limit} tone={tone} />
    </div>
  );
}
