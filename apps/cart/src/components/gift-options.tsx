import { type ReactElement, useId } from 'react';
import type { CartSession } from '../cart/cart-session.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import { priceText } from '../pricing/money.ts';
import { giftWrapPrice } from '../pricing/totals.ts';
import { ConflictNotes } from './conflict-notes.tsx';
import { NoteField } from './note-field.tsx';

/** Whether the cart is a gift, and what the note says. */
export function GiftOptions({ session }: { readonly session: CartSession }): ReactElement {
  const { cart, notes } = useSnapshot(session);
  const [giftId, noteId] = [useId(), useId()];
  return (
    <section className="option">
      <div className="check-row">
        <input
          id={giftId}
          type="checkbox"
          checked={cart.gift}
          onChange={(event) => session.act({ type: 'gift', isGift: event.target.checked })}
        />
        <label htmlFor={giftId}>Gift wrapping</label>
        <span className="muted">{priceText(giftWrapPrice)}</span>
      </div>
      <ConflictNotes notes={notes.filter(({ topic }) => topic === 'gift')} session={session} />
      {(cart.gift || cart.note !== '') && (
        <div className="field">
          <label htmlFor={noteId}>Gift note</label>
          <NoteField id={noteId} value={cart.note} onWrite={(text) => session.act({ type: 'note', text })} />
        </div>
      )}
      <ConflictNotes notes={notes.filter(({ topic }) => topic === 'note')} session={session} />
    </section>
  );
}
