import { textRuns } from './text-runs.js';

export function MessageText({ text }: { text: string }) {
  // Text has no other identity than its place.
  return text
    .split(/\n{2,}/)
    .map((paragraph, index) => (
      <p key={index}>
        {textRuns(paragraph).map((run, place) =>
          run.action ? <em key={place}>{run.text}</em> : <span key={place}>{run.text}</span>,
        )}
      </p>
    ));
}
