import { useDocument } from '@anabranch/client/react';
import type { ShopClient } from '../sync/shop-clients.ts';

/** Units in all regions together, as this device has last heard; undefined while it has not, or when there never were any. */
export function useStock(client: ShopClient, id: string): number | undefined {
  const { document, value } = useDocument(client, 'inventory', id);
  return document?.exists === true ? value?.stock : undefined;
}
