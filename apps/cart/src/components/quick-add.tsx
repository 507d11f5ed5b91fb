import { type FormEvent, type ReactElement, useId, useState } from 'react';
import type { CartSession } from '../cart/cart-session.ts';
import { productOf, products } from '../catalogue/products.ts';

/** Puts any product into a cart, with few words. `place` tells several of them on one page apart. */
export function QuickAdd({ session, place }: { readonly session: CartSession; readonly place: string }): ReactElement {
  const [id, setId] = useState(products[0]?.id ?? '');
  const [selectId, qtyId] = [useId(), useId()];
  const [qty, setQty] = useState(1);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const product = productOf(id);
    if (product !== undefined) session.act({ type: 'add', product, by: qty });
  };
  return (
    <form className="quick-add" onSubmit={submit}>
      <label className="visually-hidden" htmlFor={selectId}>
        Product for {place}
      </label>
      <select id={selectId} value={id} onChange={({ target }) => setId(target.value)}>
        {products.map((product) => (
          <option key={product.id} value={product.id}>
            {product.name}
          </option>
        ))}
      </select>
      <label className="visually-hidden" htmlFor={qtyId}>
        Quantity for {place}
      </label>
      <select id={qtyId} value={qty} onChange={({ target }) => setQty(Number(target.value))}>
        {[1, 2, 3, 4, 5].map((count) => (
          <option key={count}>{count}</option>
        ))}
      </select>
      <button type="submit" className="button">
        Add<span className="visually-hidden"> in {place}</span>
      </button>
    </form>
  );
}
