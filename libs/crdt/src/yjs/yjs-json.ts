// The JSON view of any Yjs content. It is total: whatever a foreign client stored gives some JSON, never a throw and never
// an object with another prototype. What JSON lacks is shown by its nearest form: undefined and non-finite numbers as
// null, bytes as base64url, big integers as text, embedded objects in texts as U+FFFC, XML as its markup.
//
// A root type has the type that whoever uses it says first, in the memory of one process: none that only remote updates have written,
// another one in two regions where it was begun as two. So every root type is read as what its content looks like, a map when it has
// entries, else text or XML when its first items are, else an array: the same content is the same JSON everywhere.

import { compareStrings, forbiddenKeys, type JsonObject, type JsonValue, toBase64url } from '@anabranch/base';
import * as Y from 'yjs';
import { crdtLimits } from '../limits.ts';
import { objectReplacement, textOf } from './yjs-text.ts';

type RootType<Share> = Share extends Map<string, infer Type> ? Type : never;
/** Any shared type, as the library types a document's roots. */
export type YjsType = RootType<Y.Doc['share']>;
export type YjsKind = 'map' | 'array' | 'text' | 'xml' | 'empty';

export function jsonOfDoc(doc: Y.Doc): JsonObject {
  const view: Record<string, JsonValue> = {};
  for (const [name, type] of doc.share) {
    if (!forbiddenKeys.has(name) && kindOf(type) !== 'empty') view[name] = jsonOfType(type, 0);
  }
  return view;
}

/** What a type holds; `empty` for a root nobody has written live content to. */
export function kindOf(type: YjsType): YjsKind {
  if (type._item === null) return kindOfRoot(type);
  if (type instanceof Y.Map) return 'map';
  if (isXml(type)) return 'xml';
  return type instanceof Y.Text ? 'text' : 'array';
}

function kindOfRoot(type: YjsType): YjsKind {
  for (const item of type._map.values()) if (!item.deleted) return 'map';
  const content = firstLive(type)?.content;
  if (content === undefined) return 'empty';
  if (textContents.some((text) => content instanceof text)) return 'text';
  return content instanceof Y.ContentType && isXml(content.type) ? 'xml' : 'array';
}

const textContents = [Y.ContentString, Y.ContentFormat, Y.ContentEmbed];

function isXml(type: YjsType): boolean {
  return type instanceof Y.XmlFragment || type instanceof Y.XmlText || type instanceof Y.XmlHook;
}

/** Any value a Yjs container may hold. */
function jsonOfValue(value: unknown, depth: number): JsonValue {
  if (value instanceof Y.AbstractType) return jsonOfType(value, depth);
  if (value instanceof Y.Doc) return null;
  if (value instanceof Uint8Array) return toBase64url(value);
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null || depth > crdtLimits.valueDepthMax ? null : jsonOfPlain(value, depth);
    default:
      return null;
  }
}

function jsonOfPlain(value: object, depth: number): JsonValue {
  if (Array.isArray(value)) return value.map((item) => jsonOfValue(item, depth + 1));
  const view: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(value)) {
    if (!forbiddenKeys.has(key)) view[key] = jsonOfValue(member, depth + 1);
  }
  return view;
}

function jsonOfType(type: YjsType, depth: number): JsonValue {
  if (depth > crdtLimits.valueDepthMax) return null;
  switch (kindOf(type)) {
    case 'map':
      return jsonOfEntries(type, depth);
    case 'text':
      return type instanceof Y.Text ? textOf(type) : textOfUntyped(type);
    case 'xml':
      return markupOf(type, depth);
    default:
      return jsonOfItems(type, depth);
  }
}

function jsonOfEntries(type: Pick<YjsType, '_map'>, depth: number): JsonObject {
  const view: Record<string, JsonValue> = {};
  for (const [key, item] of type._map) {
    if (item.deleted || forbiddenKeys.has(key)) continue;
    view[key] = jsonOfValue(item.content.getContent()[item.length - 1], depth + 1);
  }
  return view;
}

function jsonOfItems(type: YjsType, depth: number): JsonValue {
  const view: JsonValue[] = [];
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    for (const value of item.content.getContent()) view.push(jsonOfValue(value, depth + 1));
  }
  return view;
}

function textOfUntyped(type: YjsType): string {
  let whole = '';
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    whole += item.content instanceof Y.ContentString ? item.content.str : objectReplacement.repeat(item.length);
  }
  return whole;
}

/** The library's own toString fails on values between elements and nests as deep as it is told; this does neither. */
function markupOf(type: YjsType, depth: number): string {
  if (depth > crdtLimits.valueDepthMax) return '';
  if (type instanceof Y.Text) return textOf(type);
  let inner = '';
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue;
    if (item.content instanceof Y.ContentType) inner += markupOf(item.content.type, depth + 1);
    else if (item.content instanceof Y.ContentString) inner += item.content.str;
  }
  if (!(type instanceof Y.XmlElement) || type._item === null) return inner;
  const attributes = Object.entries(jsonOfEntries(type, depth)).sort(([a], [b]) => compareStrings(a, b));
  const written = attributes.map(
    ([name, value]) => ` ${name}=${JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value))}`,
  );
  const name = type.nodeName.toLowerCase();
  return `<${name}${written.join('')}>${inner}</${name}>`;
}

function firstLive(type: YjsType): Y.Item | null {
  for (let item = type._start; item !== null; item = item.right) if (!item.deleted) return item;
  return null;
}
