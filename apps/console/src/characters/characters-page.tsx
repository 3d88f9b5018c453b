import { useState } from 'react';
import type { CharacterSummary, ConversationSummary, Page } from '../api/api.types.js';
import { newClientId } from '../api/client-id.js';
import { problemOf, type Problem } from '../api/problem.js';
import { useServices } from '../api/services.js';
import { chatHref } from '../route.js';
import { Avatar } from '../ui/avatar.js';
import { ProblemNotice } from '../ui/problem-notice.js';

interface Props {
  data?: Page<CharacterSummary>;
  problem?: Problem;
  reload: () => void;
  onStarted: () => void;
}

/** Whom to talk to. */
export function CharactersPage({ data, problem, reload, onStarted }: Props) {
  const { api } = useServices();
  const [starting, setStarting] = useState<string>();
  const [refusal, setRefusal] = useState<Problem>();

  async function start(characterId: string): Promise<void> {
    setStarting(characterId);
    setRefusal(undefined);
    try {
      const call = { body: { characterId }, idempotencyKey: newClientId() };
      const { id } = await api.post<ConversationSummary>('/api/conversations', call);
      onStarted();
      window.location.hash = chatHref(id);
    } catch (error) {
      setRefusal(problemOf(error));
      setStarting(undefined);
    }
  }

  return (
    <div className="page">
      <h1>Who would you like to talk to?</h1>
      {refusal && <ProblemNotice problem={refusal} />}
      {problem && (
        <ProblemNotice problem={problem}>
          <button type="button" onClick={reload}>
            Try again
          </button>
        </ProblemNotice>
      )}
      {data?.items.length === 0 && (
        <p className="muted">
          There are no public characters yet. <a href="/docs">The API</a> creates them.
        </p>
      )}
      <ul className="gallery">
        {data?.items.map(({ id, name, description, tags }) => (
          <li key={id} className="card">
            <div className="heading">
              <Avatar name={name} />
              <h2>{name}</h2>
            </div>
            <p>{readable(description, name)}</p>
            <p className="tags">
              {tags.slice(0, 4).map((tag) => (
                <span key={tag}>{tag}</span>
              ))}
            </p>
            <button
              type="button"
              className="primary"
              disabled={starting !== undefined}
              aria-label={`Start a chat with ${name}`}
              onClick={() => void start(id)}
            >
              {starting === id ? 'Starting…' : 'Start a chat'}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Cards name their character, and whoever reads them, by placeholders. */
const readable = (description: string, name: string): string =>
  description.replace(/\{\{char\}\}/gi, () => name).replace(/\{\{user\}\}/gi, 'you');
