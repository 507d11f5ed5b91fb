// What random histories of bounded counters are made of.

import fc from 'fast-check';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct } from '../escrow.ts';
import type { ObjectSchema } from '../schema.ts';

/** One counter of each form: a minimum, a maximum, both, and one below a map; shared by one region, by two and by three. */
export const boundedSchema: ObjectSchema = {
  type: 'object',
  fields: {
    stock: { type: 'boundedCounter', min: 0 },
    level: { type: 'boundedCounter', min: -7, max: 9, split: ['r0', 'r1'] },
    seats: { type: 'boundedCounter', max: 5, split: ['r0', 'r1', 'r2'] },
    shelves: {
      type: 'map',
      of: { type: 'object', fields: { left: { type: 'boundedCounter', min: -3, split: ['r1'] }, label: { type: 'register' } } },
    },
    sold: { type: 'counter' },
  },
};

export const boundedPaths: readonly string[] = ['/stock', '/level', '/seats', '/shelves/a/left', '/shelves/b/left'];

/** One step of a history, drawn as plain numbers so that failing cases shrink. */
export type BoundedStep =
  | { readonly kind: 'edit' | 'transfer' | 'takeOver'; readonly at: number; readonly a: number; readonly b: number }
  /** A replica begins a new epoch, without the newest updates it held. */
  | { readonly kind: 'renew'; readonly at: number; readonly lost: number }
  | { readonly kind: 'deliver'; readonly from: number; readonly to: number; readonly countMax: number; readonly twice: boolean };

export type ActingStep = Extract<BoundedStep, { at: number; a: number }>;

const acting = <Kind extends ActingStep['kind']>(kind: Kind) =>
  fc.record({ kind: fc.constant(kind), at: fc.nat(4), a: fc.nat(59), b: fc.nat(99) });

export const boundedSteps = (lengthMax: number): fc.Arbitrary<BoundedStep[]> =>
  fc.array(
    fc.oneof(
      { weight: 10, arbitrary: acting('edit') },
      { weight: 4, arbitrary: acting('transfer') },
      { weight: 2, arbitrary: acting('takeOver') },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('renew' as const), at: fc.nat(4), lost: fc.nat(5) }) },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('deliver' as const),
          from: fc.nat(4),
          to: fc.nat(4),
          countMax: fc.nat(6),
          twice: fc.boolean(),
        }),
      },
    ),
    { maxLength: lengthMax, size: 'max' },
  );

/** The operations of an edit. */
export function drawBoundedOps({ a, b }: ActingStep): DocumentOp[] {
  const path = pathOf(a);
  const by = 1 + (b % 5);
  switch (Math.floor(b / 5) % 10) {
    case 0:
    case 1:
    case 2:
      return [{ op: 'increment', path, by }];
    case 3:
    case 4:
      return [{ op: 'decrement', path, by }];
    case 5:
      return [{ op: 'increment', path, by: -by }];
    case 6:
      return [
        { op: 'increment', path, by },
        { op: 'decrement', path, by: by + 1 },
        { op: 'increment', path: '/sold', by },
      ];
    case 7:
      return [
        { op: 'decrement', path, by },
        { op: 'increment', path: '/stock', by: 1 },
        { op: 'decrement', path: '/stock', by: 2 },
      ];
    case 8:
      return [{ op: 'set', path: `/shelves/${'ab'[a % 2]}/label`, value: b }];
    default:
      return [{ op: 'remove', path: by === 1 ? '' : `/shelves/${'ab'[a % 2]}` }];
  }
}

export function drawTransfer({ a, b }: ActingStep, to: string): EscrowAct[] {
  const amount = 1 + (b % 4);
  const [down, up] = [{ down: amount }, { up: amount }];
  const path = pathOf(a);
  const amounts = path === '/seats' ? up : path === '/level' ? [down, up, { ...down, ...up }][b % 3] : down;
  return [{ op: 'transfer', path, to, ...amounts }];
}

export function pathOf(a: number): string {
  return boundedPaths[a % boundedPaths.length] ?? '';
}
