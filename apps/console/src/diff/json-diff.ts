// In what the views of one document differ, field by field.

export interface Difference {
  /** A JSON pointer. */
  readonly path: string;
  /** What each side has there; undefined where there is nothing. */
  readonly values: readonly unknown[];
}

/** Differences shown at most; the rest is counted. */
export const differencesMax = 200;

/** The fields in which the views are not all equal, in order of their paths. */
export function differencesOf(views: readonly unknown[]): Difference[] {
  const found: Difference[] = [];
  compare(views, '', found);
  return found;
}

function compare(values: readonly unknown[], path: string, found: Difference[]): void {
  const [first] = values;
  if (values.every((value) => sameText(value) === sameText(first))) return;
  if (!values.every((value) => value === undefined || isObject(value)) || values.every((value) => value === undefined)) {
    found.push({ path: path === '' ? '/' : path, values });
    return;
  }
  const keys = [...new Set(values.flatMap((value) => (isObject(value) ? Object.keys(value) : [])))].sort();
  for (const key of keys) {
    const below = values.map((value) => (isObject(value) ? value[key] : undefined));
    compare(below, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, found);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text that is equal for equal values, in whatever order their members come. */
function sameText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sameText).join()}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'undefined';
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${sameText(value[key])}`)
    .join()}}`;
}
