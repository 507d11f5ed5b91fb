// What shoppers do to a cart, and the operations that say so to a region.

/** The articles of the shop. */
export const articles = {
  tea: { name: 'Sencha, 100 g', price: 1290 },
  bread: { name: 'Rye bread', price: 420 },
  apples: { name: 'Apples, 1 kg', price: 349 },
} as const;

export type Sku = keyof typeof articles;
export const skus: readonly Sku[] = ['tea', 'bread', 'apples'];

export type CartWrite =
  | { readonly kind: 'add'; readonly sku: Sku; readonly quantity: number }
  | { readonly kind: 'remove'; readonly sku: Sku }
  | { readonly kind: 'coupon'; readonly code: string }
  | { readonly kind: 'gift' }
  | { readonly kind: 'status'; readonly value: string }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'note'; readonly text: string };

/** The body of the PATCH that does it. */
export function operationsOf(write: CartWrite): readonly object[] {
  switch (write.kind) {
    case 'add': {
      const path = `/items/${write.sku}`;
      const { name, price } = articles[write.sku];
      return [
        { op: 'increment', path: `${path}/qty`, by: write.quantity },
        { op: 'set', path: `${path}/name`, value: name },
        { op: 'set', path: `${path}/price`, value: price },
      ];
    }
    case 'remove':
      return [{ op: 'remove', path: `/items/${write.sku}` }];
    case 'coupon':
      return [{ op: 'add', path: '/coupons', value: write.code }];
    case 'gift':
      return [{ op: 'enable', path: '/gift' }];
    case 'status':
      return [{ op: 'set', path: '/status', value: write.value }];
    case 'line':
      return [{ op: 'insert', path: '/lines', index: 0, value: write.text }];
    case 'note':
      return [{ op: 'insert', path: '/note', index: 0, text: write.text }];
  }
}

/** The same in words. */
export function describeWrite(write: CartWrite): string {
  switch (write.kind) {
    case 'add':
      return `adds ${write.quantity} x ${articles[write.sku].name}`;
    case 'remove':
      return `removes ${articles[write.sku].name}`;
    case 'coupon':
      return `redeems the coupon ${write.code}`;
    case 'gift':
      return 'asks for gift wrapping';
    case 'status':
      return `sets the status to "${write.value}"`;
    case 'line':
      return `puts "${write.text}" on top of the list`;
    case 'note':
      return `writes "${write.text}" into the note`;
  }
}
