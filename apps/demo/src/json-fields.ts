import { AnabranchError, type JsonValue } from '@anabranch/base';

/**
 * The members of a JSON answer, read by kind. It comes from another process: a member of the wrong kind is reported as such,
 * instead of showing up later as NaN on the page. All readers throw AnabranchError `internal_error` naming the member.
 */
export class JsonFields {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected(path, 'an object');
    this.#members = new Map(Object.entries(value));
    this.#path = path;
  }

  text(name: string): string {
    const value = this.#members.get(name);
    if (typeof value !== 'string') throw unexpected(`${this.#path}.${name}`, 'a string');
    return value;
  }

  number(name: string): number {
    const value = this.#members.get(name);
    if (typeof value !== 'number') throw unexpected(`${this.#path}.${name}`, 'a number');
    return value;
  }

  flag(name: string): boolean {
    const value = this.#members.get(name);
    if (typeof value !== 'boolean') throw unexpected(`${this.#path}.${name}`, 'true or false');
    return value;
  }

  /** Any JSON value. */
  json(name: string): JsonValue {
    const value = this.#members.get(name);
    if (!isJson(value)) throw unexpected(`${this.#path}.${name}`, 'JSON');
    return value;
  }

  optional<T>(name: string, read: () => T): T | null {
    const value = this.#members.get(name);
    return value === undefined || value === null ? null : read();
  }

  fields(name: string): JsonFields {
    return new JsonFields(this.#members.get(name), `${this.#path}.${name}`);
  }

  list(name: string): JsonFields[] {
    const value = this.#members.get(name);
    if (!Array.isArray(value)) throw unexpected(`${this.#path}.${name}`, 'a list');
    return value.map((item, index) => new JsonFields(item, `${this.#path}.${name}[${index}]`));
  }

  texts(name: string): string[] {
    const value = this.#members.get(name);
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
    if (!isTexts) throw unexpected(`${this.#path}.${name}`, 'a list of strings');
    return value;
  }

  numbers(): Record<string, number> {
    return Object.fromEntries([...this.#members.keys()].map((name) => [name, this.number(name)]));
  }
}

function unexpected(path: string, kind: string): AnabranchError {
  return new AnabranchError('internal_error', `the answer of a region has a ${path} that is not ${kind}`);
}

function isJson(value: unknown): value is JsonValue {
  if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) return true;
  return typeof value === 'object' && Object.values(value).every(isJson);
}
