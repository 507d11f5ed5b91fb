// Who hears whom over a link of the local world, in words: for its pages, each with its own names of places.

/** `a` and `b` of a link are told by what each way between them lets through. */
export interface LinkWays {
  readonly a: string;
  readonly b: string;
  readonly aToB: { readonly state: string };
  readonly bToA: { readonly state: string };
}

/** Half a sentence, without a full stop. */
export function hearingText({ a, b, aToB, bToA }: LinkWays, nameOf: (region: string) => string): string {
  const [first, second] = [nameOf(a), nameOf(b)];
  if (aToB.state === bToA.state) return `${first} and ${second} ${aToB.state === 'up' ? 'hear' : 'do not hear'} each other`;
  const [hearing, deaf] = aToB.state === 'up' ? [second, first] : [first, second];
  return `${hearing} hears ${deaf}, ${deaf} does not hear ${hearing}`;
}
