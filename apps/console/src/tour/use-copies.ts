// The cart of the tour as each region has it, asked again and again.
//
// Invariant 1: what is shown of a region is the answer to the latest question that has one: never an older one after it.

import { useCallback, useEffect, useRef, useState } from 'react';
import { quantityOf, type TourRegion, type TourWorld, tourRegions } from './steps.ts';

export interface CartCopy {
  readonly quantity: number | undefined;
  readonly digest: string;
  readonly isAnswering: boolean;
}

export type Copies = Readonly<Record<TourRegion, CartCopy>>;

const everyMs = 400;
const unknown: CartCopy = { quantity: undefined, digest: '', isAnswering: true };
const nothing: Copies = { 'new-york': unknown, berlin: unknown, tokyo: unknown };

/** The copies, and how to ask for them now: what is told afterwards is not ahead of them. */
export function useCopies(world: TourWorld | undefined): { readonly copies: Copies; readonly look: () => Promise<void> } {
  const [copies, setCopies] = useState(nothing);
  const asked = useRef(0);
  const shown = useRef<Record<TourRegion, number>>({ 'new-york': 0, berlin: 0, tokyo: 0 });
  const lookAt = useCallback(
    async (region: TourRegion): Promise<void> => {
      if (world === undefined) return;
      asked.current += 1;
      const question = asked.current;
      const heard = await world.apis[region].document(world.document).then(
        ({ json, digest }) => ({ quantity: quantityOf(json), digest, isAnswering: true }),
        () => ({ isAnswering: false }),
      );
      if (question < shown.current[region]) return;
      shown.current[region] = question;
      setCopies((before) => ({ ...before, [region]: { ...before[region], ...heard } }));
    },
    [world],
  );
  useEffect(() => {
    setCopies(nothing);
    const timers = new Map<TourRegion, number>();
    let isCurrent = true;
    const watch = async (region: TourRegion): Promise<void> => {
      await lookAt(region);
      if (isCurrent)
        timers.set(
          region,
          window.setTimeout(() => void watch(region), everyMs),
        );
    };
    if (world !== undefined) for (const region of tourRegions) void watch(region);
    return () => {
      isCurrent = false;
      for (const timer of timers.values()) clearTimeout(timer);
    };
  }, [world, lookAt]);
  const look = useCallback(async () => {
    await Promise.all(tourRegions.map(lookAt));
  }, [lookAt]);
  return { copies, look };
}
