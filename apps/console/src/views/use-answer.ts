import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/ask.ts';

export interface Answer<Value> {
  readonly value: Value | undefined;
  readonly error: ApiError | undefined;
  /** Asks again. */
  readonly refresh: () => void;
}

interface Heard<Value> {
  readonly key: string;
  readonly round: number;
  readonly value?: Value;
  readonly error?: ApiError;
}

/** The answer to a question that is another one when `key` is; the last answer stays until the next has come. */
export function useAnswer<Value>(key: string, question: () => Promise<Value>): Answer<Value> {
  const latest = useRef(question);
  latest.current = question;
  const [round, setRound] = useState(0);
  const [heard, setHeard] = useState<Heard<Value>>({ key, round });
  useEffect(() => {
    let isCurrent = true;
    const hear = (answer: Pick<Heard<Value>, 'value' | 'error'>): void => {
      if (isCurrent) setHeard({ key, round, ...answer });
    };
    latest.current().then(
      (value) => hear({ value }),
      (error: unknown) => hear({ error: error instanceof ApiError ? error : new ApiError('defect', String(error)) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key, round]);
  const isOfKey = heard.key === key;
  return {
    value: isOfKey ? heard.value : undefined,
    error: isOfKey ? heard.error : undefined,
    refresh: useCallback(() => setRound((before) => before + 1), []),
  };
}
