import type { ReactElement } from 'react';
import type { CartSession } from '../cart/cart-session.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';

/** Says the newest note about a conflict to who does not see it. */
export function LiveRegion({ session, prefix = '' }: { readonly session: CartSession; readonly prefix?: string }): ReactElement {
  const { notes } = useSnapshot(session);
  const newest = notes[0];
  return (
    <p className="visually-hidden" aria-live="polite">
      {newest === undefined ? '' : prefix + newest.text}
    </p>
  );
}
