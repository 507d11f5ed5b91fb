import type { ReactElement } from 'react';
import { ProductArt } from '../art/product-art.tsx';
import { lineUnitsMax } from '../cart/cart-edits.ts';
import { quantityIn } from '../cart/cart-lines.ts';
import type { Product } from '../catalogue/products.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import { useStock } from '../hooks/use-stock.ts';
import { priceText } from '../pricing/money.ts';
import { useShop } from '../shop-context.ts';
import { stockStateOf } from '../stock/stock-state.ts';
import { StockLabel } from './stock-label.tsx';

export function ProductCard({ product }: { readonly product: Product }): ReactElement {
  const { client, session } = useShop();
  const { id, name, description, price, unit } = product;
  const units = useStock(client, id);
  const inCart = quantityIn(useSnapshot(session).cart, id);
  const isSoldOut = stockStateOf(units).state === 'sold-out';
  return (
    <li className="product" data-product={id}>
      <div className="product-art">
        <ProductArt id={id} />
      </div>
      <div className="product-text">
        <h2>{name}</h2>
        <p className="muted">{description}</p>
      </div>
      <p className="product-facts">
        <span className="price">{priceText(price)}</span>
        <span className="muted">{unit}</span>
        {inCart > 0 && <span className="in-cart">{inCart} in cart</span>}
      </p>
      <div className="product-action">
        <button
          type="button"
          className="button"
          aria-label={`Add ${name} to the cart`}
          disabled={isSoldOut || inCart >= lineUnitsMax}
          onClick={() => session.act({ type: 'add', product, by: 1 })}
        >
          Add
        </button>
        <StockLabel units={units} />
      </div>
    </li>
  );
}
