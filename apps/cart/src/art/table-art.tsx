import type { ReactElement } from 'react';
import { ink } from './palette.ts';

export function GrinderArt(): ReactElement {
  return (
    <>
      <ellipse cx="96" cy="137" rx="40" ry="7" fill={ink.shadow} />
      <path d="M94 40h52" stroke={ink.steelDeep} strokeWidth="7" strokeLinecap="round" />
      <path d="M146 40v-8" stroke={ink.steelDeep} strokeWidth="5" strokeLinecap="round" />
      <circle cx="146" cy="24" r="10" fill={ink.bark} />
      <rect x="88" y="36" width="14" height="14" rx="3" fill={ink.iron} />
      <rect x="70" y="48" width="50" height="12" rx="5" fill={ink.steelDeep} />
      <rect x="72" y="60" width="46" height="44" fill={ink.steel} />
      <rect x="72" y="60" width="12" height="44" fill="#fff" opacity="0.6" />
      <rect x="68" y="74" width="54" height="16" rx="4" fill={ink.iron} />
      <rect x="74" y="104" width="42" height="31" rx="7" fill={ink.bark} />
      <rect x="74" y="104" width="12" height="31" rx="6" fill={ink.clay} opacity="0.5" />
    </>
  );
}

export function TrayArt(): ReactElement {
  return (
    <>
      <ellipse cx="100" cy="126" rx="76" ry="13" fill={ink.shadow} />
      <ellipse cx="100" cy="112" rx="76" ry="24" fill={ink.barkDeep} />
      <ellipse cx="100" cy="106" rx="76" ry="24" fill={ink.bark} />
      <ellipse cx="100" cy="107" rx="66" ry="18" fill={ink.barkDeep} opacity="0.45" />
      <path d="M52 104c28-10 64-10 96 0M60 114c26 6 54 6 80 0" stroke={ink.clay} strokeWidth="1.6" fill="none" opacity="0.7" />
      <Cup x={70} y={72} />
      <Cup x={118} y={78} />
    </>
  );
}

export function CandleArt(): ReactElement {
  const cells = [0, 1, 2, 3, 4, 5].flatMap((row) => [0, 1, 2].map((column) => ({ x: 82 + column * 14 + (row % 2) * 7, y: 66 + row * 12 })));
  return (
    <>
      <ellipse cx="100" cy="137" rx="44" ry="7" fill={ink.shadow} />
      <circle cx="100" cy="32" r="24" fill={ink.goldPale} opacity="0.35" />
      <path d="M100 14c10 12 12 18 9 26-3 7-15 7-18 0-3-8-1-14 9-26z" fill={ink.gold} />
      <path d="M100 28c5 6 6 9 4 13-2 4-6 4-8 0-2-4-1-7 4-13z" fill={ink.cream} />
      <path d="M100 46v10" stroke={ink.line} strokeWidth="3" strokeLinecap="round" />
      <path d="M74 58c0-6 52-6 52 0v68H74z" fill={ink.goldPale} />
      <path d="M74 58c0-3 6-4 14-4.500V126H74z" fill={ink.gold} opacity="0.45" />
      {cells.map(({ x, y }) => (
        <path key={`${x} ${y}`} d={`M${x} ${y}l5 3v6l-5 3-5-3v-6z`} fill={ink.gold} opacity="0.55" />
      ))}
      <ellipse cx="100" cy="128" rx="46" ry="9" fill={ink.riverPale} />
      <ellipse cx="100" cy="125" rx="46" ry="8" fill={ink.river} />
      <path d="M74 118h52v8c-10 3-42 3-52 0z" fill={ink.goldPale} />
    </>
  );
}

function Cup({ x, y }: { readonly x: number; readonly y: number }): ReactElement {
  return (
    <g transform={`translate(${x} ${y})`}>
      <path d="M-20 0h40c0 18-7 32-14 32H-6c-7 0-14-14-14-32z" fill={ink.cream} />
      <path d="M-20 0h12c0 16 2 26 6 32h-4c-7 0-14-14-14-32z" fill={ink.sand} opacity="0.6" />
      <ellipse rx="20" ry="5.5" fill={ink.sand} />
      <ellipse cy="0.6" rx="16" ry="3.8" fill={ink.clay} />
    </g>
  );
}
