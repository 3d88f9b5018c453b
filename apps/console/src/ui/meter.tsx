interface Props {
  label: string;
  /** From 0 to 1. */
  share: number;
  tone?: 'good' | 'warn' | 'bad';
}

/** A share as a bar; the number itself stands beside it. */
export function Meter({ label, share, tone = 'good' }: Props) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div
      className={`meter ${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}
