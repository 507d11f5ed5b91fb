import type { ReactElement } from 'react';
import { products } from '../catalogue/products.ts';
import { CartPanel } from '../components/cart-panel.tsx';
import { ProductCard } from '../components/product-card.tsx';

export function ShopPage(): ReactElement {
  return (
    <div className="shop-layout">
      <section aria-labelledby="shop-heading">
        <h1 id="shop-heading">Tea, coffee, and what you drink it from</h1>
        <p className="lead">Stock is live in three regions, your cart follows you, and nothing waits for an ocean.</p>
        <ul className="products">
          {products.map((product) => (
            <ProductCard key={product.id} product={product} />
          ))}
        </ul>
      </section>
      <aside className="side-cart" aria-label="Cart">
        <CartPanel level={2} />
      </aside>
    </div>
  );
}
