// Who is shopping: whoever a link names, or else a random name that this browser keeps. It is also the id of the cart.

const customerKey = 'anabranch-shop.customer';

/** The customer of `?customer=ann`; undefined when there is none, or it cannot be the id of a document. */
export function customerIn(search: string): string | undefined {
  const name = new URLSearchParams(search).get('customer')?.trim().toLowerCase();
  return name !== undefined && isCustomer(name) ? name : undefined;
}

/** The customer of this browser, remembered from now on. */
export function customerOf(search: string, storage: Pick<Storage, 'getItem' | 'setItem'>, draw: () => string): string {
  const remembered = storage.getItem(customerKey) ?? '';
  const customer = customerIn(search) ?? (isCustomer(remembered) ? remembered : `guest-${draw()}`);
  storage.setItem(customerKey, customer);
  return customer;
}

function isCustomer(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,39}$/.test(name);
}
