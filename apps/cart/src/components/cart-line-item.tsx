import type { ReactElement } from 'react';
import { ProductArt } from '../art/product-art.tsx';
import type { CartLine } from '../cart/cart-lines.ts';
import type { Activity, CartSession } from '../cart/cart-session.ts';
import type { ConflictNote } from '../cart/conflict-notes.ts';
import { useStock } from '../hooks/use-stock.ts';
import { priceText } from '../pricing/money.ts';
import { shortageText } from '../stock/stock-state.ts';
import type { ShopClient } from '../sync/shop-clients.ts';
import { ConflictNotes } from './conflict-notes.tsx';
import { Icon } from './icons.tsx';
import { QuantityStepper } from './quantity-stepper.tsx';
import { WriteBadge } from './write-badge.tsx';

export interface CartLineItemProps {
  readonly client: ShopClient;
  readonly session: CartSession;
  readonly line: CartLine;
  readonly notes: readonly ConflictNote[];
  /** The latest that was done to it in this tab. */
  readonly activity: Activity | undefined;
  /** Where the focus goes when the line does. */
  readonly onRemoved: () => void;
}

export function CartLineItem({ client, session, line, notes, activity, onRemoved }: CartLineItemProps): ReactElement {
  const { id, name, qty, price } = line;
  const shortage = shortageText(qty, useStock(client, id));
  const change = (by: number): void => {
    session.act({ type: 'change', id, by });
    if (qty + by <= 0) onRemoved();
  };
  return (
    <li className="line" data-line={id}>
      <div className="line-art">
        <ProductArt id={id} />
      </div>
      <div className="line-name">
        <strong>{name}</strong>
        <span className="muted">
          {priceText(price)} each
          {shortage !== undefined && <span className="shortage"> · {shortage}</span>}
        </span>
      </div>
      <strong className="line-price">{priceText(qty * price)}</strong>
      <div className="line-controls">
        <QuantityStepper name={name} qty={qty} onChange={change} />
        <button
          type="button"
          className="icon-button"
          aria-label={`Remove ${name}`}
          onClick={() => {
            session.act({ type: 'remove', id });
            onRemoved();
          }}
        >
          <Icon name="bin" />
        </button>
        {activity !== undefined && <WriteBadge key={activity.id} write={activity.write} region={activity.region} />}
      </div>
      <ConflictNotes notes={notes} session={session} />
    </li>
  );
}
