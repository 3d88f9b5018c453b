import type { CSSProperties } from 'react';

/** The same name always has the same colour. */
const hueOf = (name: string): number =>
  Array.from(name).reduce((hue, letter) => (hue * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7);

export function Avatar({ name }: { name: string }) {
  const [initial = '·'] = name;
  return (
    <span className="avatar" style={{ '--hue': hueOf(name) } as CSSProperties} aria-hidden="true">
      {initial.toUpperCase()}
    </span>
  );
}
