import type { ReactElement } from 'react';
import { ink } from './palette.ts';

export function MugArt(): ReactElement {
  return (
    <>
      <ellipse cx="98" cy="134" rx="50" ry="8" fill={ink.shadow} />
      <path d="M130 76h10c14 0 22 8 22 20s-8 21-24 21h-8" stroke={ink.blue} strokeWidth="10" fill="none" />
      <path d="M58 64h78v54c0 10-6 15-14 15H72c-8 0-14-5-14-15z" fill={ink.blue} />
      <path d="M58 64h78v26c-10 7-18-4-28 2s-18-4-26 2-16-2-24 0z" fill={ink.bluePale} />
      <path d="M58 64h12v69c-7-1-12-6-12-15z" fill={ink.line} opacity="0.14" />
      <ellipse cx="97" cy="64" rx="39" ry="8" fill={ink.cream} />
      <ellipse cx="97" cy="65" rx="33" ry="5.5" fill={ink.bark} />
      <Steam x={84} />
      <Steam x={108} />
    </>
  );
}

export function TeapotArt(): ReactElement {
  const studs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  return (
    <>
      <ellipse cx="100" cy="136" rx="58" ry="7" fill={ink.shadow} />
      <path d="M58 72c0-50 84-50 84 0" stroke={ink.iron} strokeWidth="7" fill="none" />
      <path d="M146 92c14 0 18-10 26-20l8 6c-6 14-16 32-34 34z" fill={ink.iron} />
      <path d="M100 68c34 0 52 14 52 34 0 18-14 33-30 33H78c-16 0-30-15-30-33 0-20 18-34 52-34z" fill={ink.iron} />
      <path d="M64 76c-10 6-16 15-16 26 0 18 14 33 30 33h8c-20-6-30-34-22-59z" fill={ink.ironPale} />
      <ellipse cx="100" cy="69" rx="28" ry="6" fill={ink.ironPale} />
      <circle cx="100" cy="60" r="6" fill={ink.gold} />
      {studs.map((at) => (
        <g key={at} fill={ink.ironPale}>
          <circle cx={64 + at * 8} cy="96" r="2.2" />
          <circle cx={68 + at * 8} cy="104" r="2.2" />
          <circle cx={64 + at * 8} cy="112" r="2.2" />
        </g>
      ))}
    </>
  );
}

export function KettleArt(): ReactElement {
  return (
    <>
      <ellipse cx="104" cy="136" rx="58" ry="7" fill={ink.shadow} />
      <path d="M74 118C50 118 52 96 46 78c-3-9-8-14-16-16" stroke={ink.steelDeep} strokeWidth="8" fill="none" strokeLinecap="round" />
      <path d="M84 64h48l18 62c2 6-2 9-8 9H74c-6 0-10-3-8-9z" fill={ink.steel} />
      <path d="M84 64h14l-12 71H74c-6 0-10-3-8-9z" fill="#fff" opacity="0.55" />
      <path d="M124 64h8l18 62c2 6-2 9-8 9h-8z" fill={ink.steelDeep} opacity="0.6" />
      <path d="M132 70c24-6 38 6 36 26-1 14-8 22-18 24" stroke={ink.iron} strokeWidth="9" fill="none" strokeLinecap="round" />
      <rect x="78" y="56" width="60" height="11" rx="5" fill={ink.steelDeep} />
      <rect x="102" y="44" width="12" height="13" rx="5" fill={ink.iron} />
    </>
  );
}

export function DripperArt(): ReactElement {
  return (
    <>
      <ellipse cx="100" cy="137" rx="48" ry="7" fill={ink.shadow} />
      <path d="M76 86h48l10 38c2 7-2 11-9 11H75c-7 0-11-4-9-11z" fill={ink.riverPale} opacity="0.6" />
      <path d="M69 112h62l3 12c2 7-2 11-9 11H75c-7 0-11-4-9-11z" fill={ink.bark} />
      <rect x="72" y="80" width="56" height="9" rx="4" fill={ink.riverDeep} />
      <path d="M58 34h84l-26 46H84z" fill={ink.cream} />
      <path d="M58 34h22l12 46h-8z" fill="#fff" />
      <path d="M96 40l4 34M116 40l-8 34M78 40l14 34" stroke={ink.sand} strokeWidth="3" strokeLinecap="round" />
      <path d="M138 46c14 0 16 14 0 18" stroke={ink.cream} strokeWidth="6" fill="none" />
      <ellipse cx="100" cy="34" rx="42" ry="8" fill={ink.sand} />
      <ellipse cx="100" cy="35" rx="35" ry="5.5" fill={ink.cocoa} />
      <path d="M100 92v14" stroke={ink.bark} strokeWidth="3" strokeLinecap="round" strokeDasharray="3 5" />
    </>
  );
}

function Steam({ x }: { readonly x: number }): ReactElement {
  return <path d={`M${x} 50c-8-8 6-12-1-22`} stroke={ink.steelDeep} strokeWidth="3.5" fill="none" strokeLinecap="round" opacity="0.55" />;
}
