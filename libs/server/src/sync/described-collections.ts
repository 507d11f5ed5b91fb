// The collections as one client describes them, beside what the region has: which agree, and where the others differ.
//
// Invariant: the text of a client is untrusted. It is read once, when one of its documents is refused; as deep as the region's own, and
//            what is told of it is bounded.

import { AnabranchError } from '@anabranch/base';
import { type CollectionDefinition, collectionOf, type DocumentId } from '@anabranch/protocol';

/** Differences that a refusal names, and characters of a path or a kind in one. */
const differencesMax = 3;
const namedUnitsMax = 80;

type Described = Readonly<Record<string, unknown>>;

export class DescribedCollections {
  /** Those that the client describes as the region has them. */
  readonly agreed: ReadonlySet<string>;
  readonly #definitions: ReadonlyMap<string, string>;
  /** Of the client, those that differ. */
  readonly #others: ReadonlyMap<string, string>;
  readonly #differences = new Map<string, readonly string[]>();

  /** @param definitions the canonical text of each collection of the region. */
  constructor(definitions: ReadonlyMap<string, string>, described: readonly CollectionDefinition[]) {
    this.#definitions = definitions;
    const agrees = ({ name, definition }: CollectionDefinition): boolean => definitions.get(name) === definition;
    this.agreed = new Set(described.filter(agrees).map(({ name }) => name));
    this.#others = new Map(described.filter((one) => !agrees(one)).map(({ name, definition }) => [name, definition]));
  }

  /** Whether the client describes the collection of the document as the region does. */
  agreesOn(document: DocumentId): boolean {
    return this.agreed.has(collectionOf(document));
  }

  refusalOf(document: DocumentId): AnabranchError {
    const collection = collectionOf(document);
    let differences = this.#differences.get(collection);
    if (differences === undefined) {
      differences = differencesOf(this.#others.get(collection), this.#definitions.get(collection));
      this.#differences.set(collection, differences);
    }
    const message = `${document}: the client describes the collection ${collection} otherwise than the region: ${differences.join('; ')}`;
    return new AnabranchError('collection_differs', message, { document, collection, differences });
  }
}

function differencesOf(ofClient: string | undefined, ofRegion: string | undefined): readonly string[] {
  if (ofRegion === undefined) return ['the region has none of this name'];
  if (ofClient === undefined) return ['the client does not describe it'];
  const [client, region] = [parseDescribed(ofClient), parseDescribed(ofRegion)];
  const found: string[] = [];
  compare('library', client['library'], region['library'], found);
  compare('/', client['schema'], region['schema'], found);
  if (found.length === 0) return ['it has members that no collection or field has'];
  return found.length > differencesMax ? [...found.slice(0, differencesMax), 'and more'] : found;
}

/** Adds what differs below a path, until there is more than is told. */
function compare(path: string, client: unknown, region: unknown, found: string[]): void {
  if (found.length > differencesMax) return;
  const [ofClient, ofRegion] = [kindOf(client), kindOf(region)];
  if (ofClient !== ofRegion) {
    found.push(`${path.slice(0, namedUnitsMax)} is ${ofClient} in the client, ${ofRegion} in the region`);
    return;
  }
  if (!isDescribed(client) || !isDescribed(region)) return;
  const below = path === '/' ? '' : path;
  if (region['type'] === 'map') compare(`${below}/*`, client['of'], region['of'], found);
  const [fieldsOfClient, fieldsOfRegion] = [client['fields'], region['fields']];
  if (region['type'] !== 'object' || !isDescribed(fieldsOfRegion)) return;
  const fields = isDescribed(fieldsOfClient) ? fieldsOfClient : {};
  for (const name of new Set([...Object.keys(fieldsOfRegion), ...Object.keys(fields)])) {
    const [mine, theirs] = [fields, fieldsOfRegion].map((all) => (Object.hasOwn(all, name) ? all[name] : undefined));
    compare(`${below}/${name}`, mine, theirs, found);
  }
}

/** What a field is, without the fields in it: `boundedCounter (min 0)`. */
function kindOf(field: unknown): string {
  if (field === undefined) return 'missing';
  if (typeof field === 'string') return field.slice(0, namedUnitsMax);
  if (!isDescribed(field)) return 'no field';
  const members = Object.entries(field).filter(([name]) => name !== 'type' && name !== 'of' && name !== 'fields');
  const told = members.map(([name, value]) => `${name} ${scalarText(value)}`).join(', ');
  const type = typeof field['type'] === 'string' ? field['type'] : 'a field without a type';
  return (told === '' ? type : `${type} (${told})`).slice(0, namedUnitsMax);
}

function scalarText(value: unknown): string {
  if (Array.isArray(value)) return value.map((item: unknown) => (typeof item === 'string' ? item : '?')).join('+');
  return typeof value === 'object' ? '?' : String(value);
}

function parseDescribed(text: string): Described {
  try {
    const value: unknown = JSON.parse(text);
    return isDescribed(value) ? value : {};
  } catch {
    return {};
  }
}

function isDescribed(value: unknown): value is Described {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
