import type { ReactElement } from 'react';
import { stockStateOf, stockText } from '../stock/stock-state.ts';

export function StockLabel({ units }: { readonly units: number | undefined }): ReactElement {
  const stock = stockStateOf(units);
  return (
    <span className={`stock stock-${stock.state}`} data-stock={stock.state}>
      {stockText(stock)}
    </span>
  );
}
