import type { ReactElement } from 'react';
import { useShop } from '../shop-context.ts';
import { stockStateOf, stockText } from '../stock/stock-state.ts';
import { asOfText } from '../sync/last-heard.ts';

/** The units there are, and while no region is heard of, since when that is not known to be so any more. */
export function StockLabel({ units }: { readonly units: number | undefined }): ReactElement {
  const { heardAt } = useShop();
  const stock = stockStateOf(units);
  const isOld = heardAt !== undefined && stock.state !== 'unknown';
  return (
    <span className={`stock stock-${stock.state}`} data-stock={stock.state}>
      {stockText(stock)}
      {isOld && <span className="muted">, {asOfText(heardAt, Date.now())}</span>}
    </span>
  );
}
