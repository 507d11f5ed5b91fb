import { useSyncExternalStore } from 'react';

export const routes = ['shop', 'cart', 'orders', 'three-carts'] as const;
export type Route = (typeof routes)[number];

/** The page that the address names: `#/cart`. Without one, the shop. */
export function useRoute(): Route {
  const name = useSyncExternalStore(subscribe, () => location.hash.replace(/^#\/?/, ''));
  return routes.find((route) => route === name) ?? 'shop';
}

export function hrefOf(route: Route): string {
  return route === 'shop' ? '#/' : `#/${route}`;
}

function subscribe(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}
