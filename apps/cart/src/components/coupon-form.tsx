import { type FormEvent, type ReactElement, useId, useState } from 'react';
import type { CartSession } from '../cart/cart-session.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import { couponCode, couponOf, coupons } from '../pricing/coupons.ts';
import { ConflictNotes } from './conflict-notes.tsx';
import { Icon } from './icons.tsx';

/** The coupons of a cart, and where to type another. */
export function CouponForm({ session }: { readonly session: CartSession }): ReactElement {
  const { cart, notes } = useSnapshot(session);
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState('');
  const [inputId, problemId] = [useId(), useId()];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const code = couponCode(typed);
    if (couponOf(code) === undefined) {
      setProblem(`There is no coupon ${code === '' ? 'without a name' : code}. Try ${coupons.map((coupon) => coupon.code).join(', ')}.`);
      return;
    }
    setProblem('');
    setTyped('');
    if (!cart.coupons.includes(code)) session.act({ type: 'add-coupon', code });
  };
  return (
    <section className="option">
      <form className="coupon-form" onSubmit={submit}>
        <label htmlFor={inputId}>Coupon</label>
        <div className="field-row">
          <input
            id={inputId}
            value={typed}
            autoComplete="off"
            placeholder="SAVE10"
            aria-invalid={problem !== ''}
            aria-describedby={problemId}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button type="submit" className="button">
            Add
          </button>
        </div>
        <p id={problemId} role="alert" className="problem">
          {problem}
        </p>
      </form>
      {cart.coupons.length > 0 && (
        <ul className="chips" aria-label="Coupons in the cart">
          {cart.coupons.map((code) => (
            <li key={code} className="chip">
              {code}
              <span className="muted">{couponOf(code)?.terms ?? 'not known here'}</span>
              <button
                type="button"
                className="icon-button"
                aria-label={`Remove coupon ${code}`}
                onClick={() => session.act({ type: 'remove-coupon', code })}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <ConflictNotes notes={notes.filter(({ topic }) => topic.startsWith('coupon '))} session={session} />
    </section>
  );
}
