// What an application gives to have a client made, and whether one can be made of it. It is checked whole before anything is opened:
// an application in JavaScript has no compiler to tell it.

import { AnabranchError, canonicalJson, encodeUtf8, type JsonValue } from '@anabranch/base';
import { isRegionId } from '@anabranch/causality';
import { schemaFault } from '@anabranch/crdt/yjs';
import { type CollectionDefinition, collectionBytesMax, isCollectionName, sessionCollectionsMax } from '@anabranch/protocol';
import { nearest, type RegionAddress } from './courier/region-choice.ts';
import { type Collections, fieldTypes } from './schema.ts';

export interface ClientOptions<C extends Collections> {
  /** The regions of the mesh, each by its own name: at an address where a region of another name answers, none is taken. */
  readonly regions: readonly RegionAddress[];
  /** As the regions are configured. Documents of a collection that differs are refused with `collection_differs`. */
  readonly collections: C;
  /** The name of a region to stay with; `nearest`, the default, takes the nearest that answers and moves on when it fails. */
  readonly region?: string;
  /** Asked for before each session; for regions that authenticate. */
  readonly credential?: () => Promise<string>;
}

const optionNames = ['regions', 'collections', 'region', 'credential'];

/** Refuses what a client does not know: a misspelt option is an error, not a default. @throws AnabranchError `config_invalid`. */
export function checkOptionNames(options: unknown, ofPlatform: readonly string[]): void {
  if (!isRecord(options)) throw invalid('it needs options: { regions, collections, ... }');
  const known = [...optionNames, ...ofPlatform];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`there is no option ${shown(unknown)}, only ${known.join(', ')}`);
}

/** @throws AnabranchError `config_invalid`. */
export function checkOptions(options: ClientOptions<Collections>): void {
  const { regions, collections, region, credential }: Readonly<Record<string, unknown>> = isRecord(options) ? options : {};
  const names = checkRegions(regions);
  if (region !== undefined && region !== nearest && !names.has(region)) throw invalid(`region: there is no region ${shown(region)}`);
  if (credential !== undefined && typeof credential !== 'function') throw invalid('credential is a function that resolves with a text');
  checkCollections(collections);
}

/** What a client and a region must agree on: the canonical text of each collection. */
export function definitionsOf(collections: Collections): CollectionDefinition[] {
  return Object.entries(collections).map(([name, { library, schema }]) => {
    const plain: JsonValue = JSON.parse(JSON.stringify({ library, schema }));
    return { name, definition: canonicalJson(plain) };
  });
}

export function invalid(why: string): AnabranchError {
  return new AnabranchError('config_invalid', `the client cannot be made: ${why}`);
}

/** @returns the names. */
function checkRegions(regions: unknown): ReadonlySet<unknown> {
  if (!Array.isArray(regions) || regions.length === 0) throw invalid('regions is an array with at least one { name, url }');
  const names = regions.map((region: unknown, at) => checkRegion(region, `regions[${at}]`));
  if (new Set(names).size < names.length) throw invalid('regions: two of them have the same name');
  return new Set(names);
}

function checkRegion(region: unknown, at: string): string {
  if (!isRecord(region)) throw invalid(`${at} is no { name, url }`);
  const { name, url } = region;
  const isName = typeof name === 'string' && isRegionId(name) && name !== nearest;
  if (!isName) throw invalid(`${at}.name is the name of a region, [a-z][a-z0-9-]{0,31} and not ${nearest}: not ${shown(name)}`);
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  const isAddress = parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.search === '' && parsed.hash === '';
  if (!isAddress) throw invalid(`${at}.url is an http or https URL without query: not ${shown(url)}`);
  return name;
}

function checkCollections(collections: unknown): void {
  if (!isRecord(collections)) throw invalid('collections is an object: { NAME: { library, schema }, ... }');
  for (const [name, collection] of Object.entries(collections)) {
    if (!isCollectionName(name)) throw invalid(`collections: a collection is named [a-z][a-z0-9-]{0,62}, not ${shown(name)}`);
    const { library, schema }: Readonly<Record<string, unknown>> = isRecord(collection) ? collection : {};
    if (library !== 'yjs' && library !== 'automerge')
      throw invalid(`collections.${name}.library is yjs or automerge: not ${shown(library)}`);
    const fault = schema === 'freeform' ? undefined : rootFault(schema);
    if (fault !== undefined) throw invalid(`collections.${name}.schema: ${fault}`);
  }
  const definitions = definitionsOf(collections as Collections);
  if (definitions.length > sessionCollectionsMax) throw invalid(`it describes more than ${sessionCollectionsMax} collections`);
  const long = definitions.find(({ definition }) => encodeUtf8(definition).length > collectionBytesMax);
  if (long !== undefined) throw invalid(`the description of ${long.name} has more than ${collectionBytesMax} bytes`);
}

function rootFault(schema: unknown): string | undefined {
  if (!isRecord(schema) || schema['type'] !== 'object') return `it is 'freeform', or made by schema.object({ ... }): not ${shown(schema)}`;
  return fieldFault(schema, '') ?? schemaFault(schema as never);
}

/** What is no field: the depth, names and bounds of fields are looked at when all are fields. */
function fieldFault(field: unknown, path: string, depth = 0): string | undefined {
  const type = isRecord(field) ? field['type'] : undefined;
  if (!isRecord(field) || !fieldTypes.has(type))
    return `the field ${path} is made by schema.register(), schema.counter() and so on: not ${shown(field)}`;
  if (depth > fieldDepthMax) return 'a schema nests at most as deep as a path';
  if (type === 'map') return fieldFault(field['of'], `${path}/*`, depth + 1);
  if (type !== 'object') return undefined;
  if (!isRecord(field['fields'])) return `the fields of ${path === '' ? 'a document' : path} are an object: not ${shown(field['fields'])}`;
  for (const [name, inner] of Object.entries(field['fields'])) {
    const fault = fieldFault(inner, `${path}/${name}`, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Deeper than any path: what refers to itself ends there. */
const fieldDepthMax = 256;
const shownUnitsMax = 80;

function shown(value: unknown): string {
  const text =
    typeof value === 'function' ? 'a function' : isRecord(value) || Array.isArray(value) ? describe(value) : JSON.stringify(value);
  return (text ?? String(value)).slice(0, shownUnitsMax);
}

function describe(value: object): string {
  return Array.isArray(value) ? 'an array' : `an object of ${Object.keys(value).join(', ') || 'nothing'}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
