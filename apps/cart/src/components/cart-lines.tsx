import { type ReactElement, type RefObject, useRef } from 'react';
import type { CartAction } from '../cart/cart-edits.ts';
import { linesOf } from '../cart/cart-lines.ts';
import type { CartSession } from '../cart/cart-session.ts';
import { lessThanNothingIn } from '../cart/conflict-notes.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import type { ShopClient } from '../sync/shop-clients.ts';
import { CartLineItem } from './cart-line-item.tsx';
import { ConflictNotes } from './conflict-notes.tsx';

export interface CartLinesProps {
  readonly client: ShopClient;
  readonly session: CartSession;
  readonly label: string;
  readonly emptyText: string;
}

/** The lines of a cart, each with what is known of its writes and conflicts; the notes about anything else stand above. */
export function CartLines({ client, session, label, emptyText }: CartLinesProps): ReactElement {
  const { cart, notes, activities } = useSnapshot(session);
  const top: RefObject<HTMLDivElement | null> = useRef(null);
  const lines = linesOf(cart);
  const shown = new Set(lines.map(({ id }) => id));
  const isElsewhere = (topic: string): boolean => ['delivery', 'gift', 'note'].includes(topic) || topic.startsWith('coupon ');
  const general = notes.filter(({ topic, line }) => (line === undefined ? !isElsewhere(topic) : !shown.has(line)));
  return (
    <div ref={top} tabIndex={-1} className="lines">
      <ConflictNotes notes={[...general, ...lessThanNothingIn(cart)]} session={session} />
      {lines.length === 0 ? (
        <p className="empty">{emptyText}</p>
      ) : (
        <ul aria-label={label}>
          {lines.map((line) => (
            <CartLineItem
              key={line.id}
              client={client}
              session={session}
              line={line}
              notes={notes.filter((note) => note.line === line.id)}
              activity={activities.find(({ action }) => lineOf(action) === line.id)}
              onRemoved={() => top.current?.focus()}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

function lineOf(action: CartAction): string | undefined {
  if (action.type === 'add') return action.product.id;
  return action.type === 'change' || action.type === 'remove' ? action.id : undefined;
}
