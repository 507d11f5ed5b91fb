const format = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

/** Cents as a price: `$14.50`. */
export function priceText(cents: number): string {
  return format.format(cents / 100);
}
