import { isAnabranchError } from '@anabranch/base';
import type { RegionClient } from './region-client.ts';

/** A document as one region shows it now, or why it does not. */
export type DocumentView =
  | { readonly region: string; readonly state: 'shown'; readonly json: unknown; readonly digest: string }
  | { readonly region: string; readonly state: 'absent' }
  | { readonly region: string; readonly state: 'unanswered'; readonly reason: string };

export async function viewDocument(client: RegionClient, collection: string, id: string): Promise<DocumentView> {
  const { region } = client;
  try {
    const json = await client.read(collection, id);
    if (json === undefined) return { region, state: 'absent' };
    const { digest } = await client.digest(collection, id);
    return { region, state: 'shown', json, digest };
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    return { region, state: 'unanswered', reason: error.message };
  }
}
