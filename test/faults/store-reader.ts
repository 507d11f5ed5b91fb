// A program of its own, because what it reads may end it: opens the stores named on its standard input, one folder a line, with
// the real storage package, asks each for everything, and prints a line with the answers: for every question a hash of
// the answer, or the code of the refusal.
//
//   node store-reader.js <region.config.json> <questions.json>     {"answers": {"document carts/a": "1f2e...", ...}}
//
// Without a file of questions it asks for what the store itself says it holds. Questions of an intact store, put to a
// damaged one, show what is missing there.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isAnabranchError, silentLogger } from '@anabranch/base';
import { isOriginId, mintOrigin, type OriginId, parseRegionId } from '@anabranch/causality';
import { type CollectionSchema, createDocument, identityOf } from '@anabranch/crdt';
import { collectionOf, decodeOp, parseDocumentId } from '@anabranch/protocol';
import { type KvReplicaStore, openLmdbStore } from '@anabranch/storage';
import { NodeHash, NodeRandom } from '@anabranch/system';

/** What to ask of a store. */
interface Questions {
  /** Origins, each with its number of ops. */
  readonly origins: ReadonlyArray<readonly [origin: string, ops: number]>;
  readonly documents: readonly string[];
  readonly idempotencyKeys: readonly string[];
}

const [configPath = '', questionsPath] = process.argv.slice(2);
const config: { readonly collections: Readonly<Record<string, CollectionSchema>> } = JSON.parse(readFileSync(configPath, 'utf8'));
const collections = new Map(Object.entries(config.collections));
const documentsMax = 100_000;
const identity = identityOf(mintOrigin(parseRegionId('reader'), new NodeRandom()), new NodeHash());

class Answers {
  readonly byQuestion: Record<string, string> = {};

  ask(question: string, answer: () => unknown): void {
    this.byQuestion[question] = codeOr(() => createHash('sha256').update(canonical(answer())).digest('base64url').slice(0, 16));
  }
}

/** The answer, or `code: ...` for a refusal that is documented, `error: ...` for one that is not. */
function codeOr(answer: () => string): string {
  try {
    return answer();
  } catch (error) {
    return refusalText(error);
  }
}

function refusalText(error: unknown): string {
  if (isAnabranchError(error)) return `code: ${error.code}`;
  return `error: ${error instanceof Error ? error.message : String(error)}`;
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part)) ?? 'undefined'
  );
}

function askAll(store: KvReplicaStore, questions: Questions): Answers {
  const answers = new Answers();
  answers.ask('opening', () => store.opening());
  for (const collection of collections.keys()) {
    answers.ask(`list ${collection}`, () => store.listDocuments(collection, undefined, documentsMax));
  }
  for (const [origin, ops] of questions.origins) {
    for (let seq = 1; seq <= ops; seq++) answers.ask(`op ${origin} ${seq}`, () => store.readOps(originOf(origin), seq - 1, 0));
  }
  for (const document of questions.documents) answers.ask(`document ${document}`, () => viewOf(store, document));
  for (const key of questions.idempotencyKeys) answers.ask(`key ${key}`, () => store.readIdempotency(key));
  return answers;
}

/** What a region would show of a document: the merge of its snapshot and its later ops. */
function viewOf(store: KvReplicaStore, name: string): unknown {
  const document = parseDocumentId(name);
  const schema = collections.get(collectionOf(document));
  if (schema === undefined) throw new Error(`no collection for ${name}`);
  const { snapshot, ops } = store.readDocument(document);
  const writes = ops.flatMap(({ bytes }) => decodeOp(bytes).writes.filter((write) => write.document === document));
  const updates = [...(snapshot === undefined ? [] : [snapshot.state]), ...writes.map(({ update }) => update)];
  const crdt = createDocument(schema, identity);
  if (updates.length > 0) crdt.apply(updates);
  return crdt.json();
}

function questionsOf(store: KvReplicaStore): Questions {
  const { heads } = store.opening();
  const documents = [...collections.keys()].flatMap((collection) => store.listDocuments(collection, undefined, documentsMax));
  const ops = heads.flatMap(({ origin, seq }) => store.readOps(origin, 0, Number.MAX_SAFE_INTEGER).slice(0, seq));
  const keys = ops.flatMap(({ bytes }) => decodeOp(bytes).idempotency?.key ?? []);
  return { origins: heads.map(({ origin, seq }) => [origin, seq]), documents, idempotencyKeys: keys };
}

function originOf(text: string): OriginId {
  if (!isOriginId(text)) throw new Error(`${text} is no origin`);
  return text;
}

for await (const folder of createInterface({ input: process.stdin })) {
  let report: unknown;
  try {
    const store = await openLmdbStore({ directory: folder, logger: silentLogger });
    const questions: Questions = questionsPath === undefined ? questionsOf(store) : JSON.parse(readFileSync(questionsPath, 'utf8'));
    const { byQuestion } = askAll(store, questions);
    report = { answers: byQuestion, ...(questionsPath === undefined && { questions }) };
    await store.close();
  } catch (error) {
    report = { refused: refusalText(error) };
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
