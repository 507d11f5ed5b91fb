import type { ReactElement } from 'react';
import type { CartSession } from '../cart/cart-session.ts';
import type { ConflictNote } from '../cart/conflict-notes.ts';
import { Icon } from './icons.tsx';

export interface ConflictNotesProps {
  readonly notes: readonly ConflictNote[];
  readonly session: CartSession;
}

/** What happened when edits met. The notes are also said aloud, by the live region of the page. */
export function ConflictNotes({ notes, session }: ConflictNotesProps): ReactElement | null {
  if (notes.length === 0) return null;
  return (
    <ul className="notes">
      {notes.map(({ topic, text, sum = '', again, isLasting = false }) => (
        <li key={topic} className="note" data-topic={topic}>
          <Icon name="merge" />
          <span className="note-text">
            {text.slice(0, text.length - sum.length)}
            <strong className="sum">{sum}</strong>
          </span>
          {again !== undefined && (
            <button type="button" className="button button-small" onClick={() => session.act(again.action)}>
              {again.label}
            </button>
          )}
          {!isLasting && (
            <button type="button" className="icon-button" aria-label={`Dismiss: ${text}`} onClick={() => session.dismiss(topic)}>
              <Icon name="close" />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
