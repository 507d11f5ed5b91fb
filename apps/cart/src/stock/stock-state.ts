// What a customer is told about stock. The number is that of all regions together, as this device has last heard of it.

export type StockState =
  | { readonly state: 'unknown' }
  | { readonly state: 'available'; readonly units: number }
  | { readonly state: 'few'; readonly units: number }
  | { readonly state: 'sold-out' };

/** Up to so many are few. */
const fewMax = 4;

/** @param units undefined while the product was never stocked, as far as is known here. */
export function stockStateOf(units: number | undefined): StockState {
  if (units === undefined) return { state: 'unknown' };
  if (units <= 0) return { state: 'sold-out' };
  return { state: units <= fewMax ? 'few' : 'available', units };
}

export function stockText(stock: StockState): string {
  switch (stock.state) {
    case 'unknown':
      return 'Stock not known yet';
    case 'available':
      return `${stock.units} in stock`;
    case 'few':
      return stock.units === 1 ? 'Last one' : `Only ${stock.units} left`;
    case 'sold-out':
      return 'Sold out';
  }
}

/** Said beside a line that asks for more than there is; undefined when there is enough, or nobody knows. */
export function shortageText(wanted: number, units: number | undefined): string | undefined {
  if (units === undefined || wanted <= units) return undefined;
  return units <= 0 ? 'Sold out meanwhile' : `Only ${units} left`;
}
