import type { ReactElement } from 'react';

const paths = {
  minus: 'M4 10h12',
  plus: 'M10 4v12M4 10h12',
  close: 'M5 5l10 10M15 5L5 15',
  bin: 'M4 6h12M8 6V4h4v2M6 6l.8 10h6.400L14 6M8.5 9v4.500M11.5 9v4.5',
  merge: 'M5 4c0 6 5 5 5 12M15 4c0 6-5 5-5 12',
  check: 'M4 10.500l4 4 8-9',
} as const;

/** A small drawing beside a text, or in a button that has a name. */
export function Icon({ name }: { readonly name: keyof typeof paths }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** Two streams that become one. */
export function Logo(): ReactElement {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" fill="currentColor" />
      <path d="M9 7c0 8 7 7 7 18M23 7c0 8-7 7-7 18" fill="none" stroke="var(--surface)" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}
