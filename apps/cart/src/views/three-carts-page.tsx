import type { ReactElement } from 'react';
import { RegionCart } from '../components/region-cart.tsx';
import { useShop } from '../shop-context.ts';
import { linksText, useWorldLinks } from '../sync/world-links.ts';

/** One customer with a device in each region: what they do apart meets here. */
export function ThreeCartsPage(): ReactElement {
  const { regions, customer } = useShop();
  const links = useWorldLinks();
  return (
    <div className="wide">
      <div className="three-head">
        <div>
          <h1>Three carts, one customer</h1>
          <p className="lead">
            {customer} shops on three devices, each with a region of its own. Cut a region off, change the same things on both sides, and
            bring them back together.
          </p>
        </div>
        {links !== undefined && (
          <p className="links-state">
            <span role="status">{linksText(links)}</span>
            <button type="button" className="button" disabled={links.cut.length === 0} onClick={() => void links.healAll()}>
              Heal all links
            </button>
            {links.silent.size > 0 && <a href="/console/#board">Start it on the console</a>}
          </p>
        )}
      </div>
      <div className="region-carts">
        {regions.map(({ name }) => (
          <RegionCart key={name} region={name} links={links} />
        ))}
      </div>
    </div>
  );
}
