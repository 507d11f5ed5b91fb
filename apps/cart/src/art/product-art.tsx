import type { FunctionComponent, ReactElement } from 'react';
import { CocoaArt, CoffeeArt, HoneyArt, MatchaArt, TeaArt } from './pantry-art.tsx';
import { CandleArt, GrinderArt, TrayArt } from './table-art.tsx';
import { DripperArt, KettleArt, MugArt, TeapotArt } from './vessel-art.tsx';

const drawings: Readonly<Record<string, FunctionComponent>> = {
  tea: TeaArt,
  matcha: MatchaArt,
  coffee: CoffeeArt,
  cocoa: CocoaArt,
  honey: HoneyArt,
  mug: MugArt,
  teapot: TeapotArt,
  kettle: KettleArt,
  dripper: DripperArt,
  grinder: GrinderArt,
  tray: TrayArt,
  candle: CandleArt,
};

/** The picture of a product. It says nothing that the name beside it does not. */
export function ProductArt({ id }: { readonly id: string }): ReactElement {
  const Drawing = drawings[id];
  return (
    <svg className="art" data-art={id} viewBox="0 0 200 160" aria-hidden="true" focusable="false">
      {Drawing === undefined ? <rect x="60" y="45" width="80" height="70" rx="10" fill="currentColor" opacity="0.25" /> : <Drawing />}
    </svg>
  );
}
