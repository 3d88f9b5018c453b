import { useEffect, useReducer, useState } from 'react';
import type { CharacterUsage } from '../api/api.types.js';
import type { Problem } from '../api/problem.js';
import { useServices } from '../api/services.js';
import { chatReducer, EMPTY_CHAT, type ChatState } from './chat-state.js';
import { ChatSync } from './chat-sync.js';

export interface Chat {
  state: ChatState;
  /** The last thing asked for did not happen. */
  problem?: Problem;
  /** As the last message sent left it. */
  usage?: CharacterUsage;
  /** Undefined before the conversation is open. */
  sync?: ChatSync;
}

/** A conversation, live. */
export function useChat(conversationId: string): Chat {
  const { live, api } = useServices();
  const [state, dispatch] = useReducer(chatReducer, EMPTY_CHAT);
  const [problem, setProblem] = useState<Problem>();
  const [usage, setUsage] = useState<CharacterUsage>();
  const [sync, setSync] = useState<ChatSync>();

  useEffect(() => {
    const listener = { dispatch, onProblem: setProblem, onUsage: setUsage };
    const opened = new ChatSync(conversationId, live, api, listener);
    opened.open();
    setSync(opened);
    return () => opened.close();
  }, [conversationId, live, api]);

  const torn = state.reply?.gap ? state.reply.generationId : undefined;
  useEffect(() => {
    if (torn !== undefined) void sync?.fillGap(torn);
  }, [torn, sync]);

  const newestSeq = state.messages.at(-1)?.seq;
  useEffect(() => {
    if (newestSeq === undefined || !sync) return undefined;
    const read = (): void => {
      if (!document.hidden) void sync.markRead(newestSeq);
    };
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [newestSeq, sync]);

  return { state, problem, usage, sync };
}
