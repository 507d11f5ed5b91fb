import type { ReactElement } from 'react';
import { ink } from './palette.ts';

export function TeaArt(): ReactElement {
  return (
    <>
      <ellipse cx="100" cy="134" rx="52" ry="8" fill={ink.shadow} />
      <rect x="68" y="52" width="64" height="80" rx="8" fill={ink.river} />
      <rect x="68" y="52" width="16" height="80" rx="8" fill={ink.riverDeep} opacity="0.45" />
      <rect x="64" y="38" width="72" height="20" rx="7" fill={ink.riverDeep} />
      <rect x="80" y="72" width="40" height="42" rx="6" fill={ink.cream} />
      <path d="M100 106c-12-8-12-20 0-28 12 8 12 20 0 28z" fill={ink.leaf} />
      <path d="M100 106V84" stroke={ink.cream} strokeWidth="2" strokeLinecap="round" />
      <path d="M142 132c14 2 26-4 30-16-14-2-26 4-30 16z" fill={ink.leafPale} />
      <path d="M58 132c-12 3-23-1-28-11 12-4 23 0 28 11z" fill={ink.leaf} />
    </>
  );
}

export function MatchaArt(): ReactElement {
  const tines = [-15, -10, -5, 0, 5, 10, 15];
  return (
    <>
      <ellipse cx="96" cy="134" rx="60" ry="8" fill={ink.shadow} />
      <path d="M48 76h84c0 34-14 56-30 58H78C62 132 48 110 48 76z" fill={ink.iron} />
      <path d="M48 76h84c0 7-.6 13-1.7 19H49.700C48.6 89 48 83 48 76z" fill={ink.ironPale} />
      <ellipse cx="90" cy="76" rx="42" ry="12" fill={ink.line} />
      <ellipse cx="90" cy="77" rx="37" ry="9" fill={ink.leafPale} />
      <ellipse cx="80" cy="76" rx="14" ry="3" fill={ink.cream} opacity="0.5" />
      <g transform="rotate(18 150 92)">
        <rect x="142" y="36" width="16" height="40" rx="4" fill={ink.sand} />
        <rect x="140" y="72" width="20" height="5" rx="2" fill={ink.line} />
        {tines.map((lean) => (
          <path
            key={lean}
            d={`M150 76q${lean * 0.9} 18 ${lean} 44`}
            stroke={ink.sand}
            strokeWidth="2.6"
            fill="none"
            strokeLinecap="round"
          />
        ))}
      </g>
    </>
  );
}

export function CoffeeArt(): ReactElement {
  return (
    <>
      <ellipse cx="100" cy="134" rx="56" ry="8" fill={ink.shadow} />
      <path d="M66 50h62l6 84H60z" fill={ink.clay} />
      <path d="M66 50h18l-4 84H60z" fill={ink.clayDeep} opacity="0.5" />
      <path d="M66 50l3-20h56l3 20z" fill={ink.clayDeep} />
      <rect x="66" y="34" width="62" height="5" fill={ink.cream} opacity="0.75" />
      <circle cx="97" cy="92" r="22" fill={ink.cream} />
      <ellipse cx="97" cy="92" rx="9" ry="13" fill={ink.cocoa} transform="rotate(28 97 92)" />
      <path d="M93 81c6 6 1 14 8 22" stroke={ink.cream} strokeWidth="2" fill="none" strokeLinecap="round" />
      <Bean x={150} y={126} turn={-30} />
      <Bean x={168} y={130} turn={40} />
      <Bean x={44} y={129} turn={15} />
    </>
  );
}

export function CocoaArt(): ReactElement {
  const squares = [0, 1, 2, 3, 4, 5];
  return (
    <>
      <ellipse cx="100" cy="136" rx="62" ry="7" fill={ink.shadow} />
      <g transform="rotate(-8 100 90)">
        <rect x="46" y="40" width="108" height="72" rx="8" fill={ink.cocoa} />
        {squares.map((at) => (
          <g key={at} transform={`translate(${52 + (at % 3) * 33} ${46 + Math.floor(at / 3) * 31})`}>
            <rect width="30" height="28" rx="4" fill={ink.bark} />
            <rect x="4" y="4" width="22" height="20" rx="3" fill={ink.barkDeep} opacity="0.55" />
          </g>
        ))}
        <path d="M40 84h120v40a8 8 0 0 1-8 8H48a8 8 0 0 1-8-8z" fill={ink.gold} />
        <path d="M40 84l10 6 10-6 10 6 10-6 10 6 10-6 10 6 10-6 10 6 10-6 10 6 10-6v10H40z" fill={ink.goldPale} />
        <rect x="62" y="102" width="76" height="6" rx="3" fill={ink.barkDeep} opacity="0.7" />
        <rect x="78" y="114" width="44" height="5" rx="2.5" fill={ink.barkDeep} opacity="0.45" />
      </g>
    </>
  );
}

export function HoneyArt(): ReactElement {
  return (
    <>
      <ellipse cx="96" cy="134" rx="52" ry="8" fill={ink.shadow} />
      <path d="M58 62h72l8 18v40c0 8-6 13-13 13H63c-7 0-13-5-13-13V80z" fill={ink.gold} />
      <path d="M58 62h14l-6 18v53h-3c-7 0-13-5-13-13V80z" fill={ink.goldPale} opacity="0.8" />
      <rect x="54" y="44" width="80" height="20" rx="7" fill={ink.bark} />
      <path d="M94 84l15 8.500v17L94 118l-15-8.500v-17z" fill={ink.cream} />
      <path d="M94 92l8 4.500v9L94 110l-8-4.500v-9z" fill={ink.gold} />
      <g transform="rotate(24 156 90)">
        <rect x="153" y="40" width="6" height="60" rx="3" fill={ink.sand} />
        {[96, 104, 112, 120].map((y) => (
          <rect
            key={y}
            x={y === 96 || y === 120 ? 147 : 144}
            y={y}
            width={y === 96 || y === 120 ? 18 : 24}
            height="6"
            rx="3"
            fill={ink.bark}
          />
        ))}
      </g>
    </>
  );
}

function Bean({ x, y, turn }: { readonly x: number; readonly y: number; readonly turn: number }): ReactElement {
  return (
    <g transform={`translate(${x} ${y}) rotate(${turn})`}>
      <ellipse rx="10" ry="6.5" fill={ink.cocoa} />
      <path d="M-8 0c5-4 10 4 16 0" stroke={ink.clay} strokeWidth="1.6" fill="none" strokeLinecap="round" />
    </g>
  );
}
