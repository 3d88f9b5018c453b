import { useRef, useState, type KeyboardEvent } from 'react';

interface Props {
  name: string;
  disabled: boolean;
  replying: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}

/** The service's own limit. */
const MAX_LENGTH = 16_000;

export function Composer({ name, disabled, replying, onSend, onStop }: Props) {
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const ready = text.trim() !== '' && !replying && !disabled;

  function submit(): void {
    if (!ready) return;
    onSend(text.trim());
    setText('');
    field.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    // Enter also ends the composition of a word in many scripts.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        value={text}
        disabled={disabled}
        maxLength={MAX_LENGTH}
        aria-label={`Message to ${name}`}
        placeholder={name === '' ? 'Write a message' : `Write to ${name}`}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={onKeyDown}
      />
      {replying ? (
        <button type="button" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="primary" disabled={!ready}>
          Send
        </button>
      )}
    </form>
  );
}
