import { AnabranchError, canonicalJson, encodeUtf8, type JsonValue } from '@anabranch/base';
import { schemaFault } from '@anabranch/crdt/yjs';
import { type CollectionDefinition, collectionBytesMax, isCollectionName, sessionCollectionsMax } from '@anabranch/protocol';
import { nearest, type RegionAddress } from './courier/region-choice.ts';
import type { Collections } from './schema.ts';

export interface ClientOptions<C extends Collections> {
  /** The regions of the mesh, by name. The name is the application's; errors and the status use it. */
  readonly regions: readonly RegionAddress[];
  /** As the regions are configured. Documents of a collection that differs are refused with `collection_differs`. */
  readonly collections: C;
  /** The name of a region to stay with; `nearest`, the default, takes the nearest that answers and moves on when it fails. */
  readonly region?: string;
  /** Asked for before each session; for regions that authenticate. */
  readonly credential?: () => Promise<string>;
}

/** @throws AnabranchError `config_invalid`. */
export function checkOptions({ regions, collections, region = nearest }: ClientOptions<Collections>): void {
  const names = new Set(regions.map(({ name }) => name));
  if (regions.length === 0 || names.size < regions.length) throw invalid('it needs regions, each with a name of its own');
  if (names.has(nearest)) throw invalid(`no region is called ${nearest}`);
  if (region !== nearest && !names.has(region)) throw invalid(`there is no region ${region}`);
  for (const { url } of regions) {
    const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
    if (!isHttp) throw invalid(`${url} is not an http or https URL`);
  }
  const unnamed = Object.keys(collections).find((name) => !isCollectionName(name));
  if (unnamed !== undefined) throw invalid(`${unnamed} is no name for a collection`);
  for (const [name, { schema }] of Object.entries(collections)) {
    const fault = schema === 'freeform' ? undefined : schemaFault(schema);
    if (fault !== undefined) throw invalid(`the schema of ${name}: ${fault}`);
  }
  const definitions = definitionsOf(collections);
  if (definitions.length > sessionCollectionsMax) throw invalid(`it describes more than ${sessionCollectionsMax} collections`);
  const long = definitions.find(({ definition }) => encodeUtf8(definition).length > collectionBytesMax);
  if (long !== undefined) throw invalid(`the description of ${long.name} has more than ${collectionBytesMax} bytes`);
}

/** What a client and a region must agree on: the canonical text of each collection. */
export function definitionsOf(collections: Collections): CollectionDefinition[] {
  return Object.entries(collections).map(([name, { library, schema }]) => {
    const plain: JsonValue = JSON.parse(JSON.stringify({ library, schema }));
    return { name, definition: canonicalJson(plain) };
  });
}

function invalid(why: string): AnabranchError {
  return new AnabranchError('config_invalid', `the client cannot be made: ${why}`);
}
