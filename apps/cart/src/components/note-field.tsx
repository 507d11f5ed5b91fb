// A text that others write too. Every stroke is a write of its own; what others write appears in between, and the caret stays
// with the characters before it. While an input method composes a character, nothing is written and nothing replaced.

import { type ReactElement, useLayoutEffect, useRef, useState } from 'react';
import { caretAfter } from '../cart/caret.ts';

export interface NoteFieldProps {
  readonly id: string;
  readonly value: string;
  readonly onWrite: (text: string) => void;
}

const noteUnitsMax = 500;

export function NoteField({ id, value, onWrite }: NoteFieldProps): ReactElement {
  const field = useRef<HTMLTextAreaElement>(null);
  const shown = useRef(value);
  const [composed, setComposed] = useState<string>();
  useLayoutEffect(() => {
    const { current: area } = field;
    if (area !== null && shown.current !== value && document.activeElement === area && composed === undefined) {
      const [start, end] = caret.current;
      area.setSelectionRange(caretAfter(shown.current, value, start), caretAfter(shown.current, value, end));
    }
    shown.current = value;
  }, [value, composed]);
  const caret = useRef<readonly [number, number]>([0, 0]);
  const write = (area: HTMLTextAreaElement): void => {
    caret.current = [area.selectionStart, area.selectionEnd];
    // What is shown already stands where the caret is: only what comes later moves it.
    shown.current = area.value;
    onWrite(area.value);
  };
  return (
    <textarea
      ref={field}
      id={id}
      rows={2}
      maxLength={noteUnitsMax}
      value={composed ?? value}
      onSelect={({ currentTarget: area }) => {
        caret.current = [area.selectionStart, area.selectionEnd];
      }}
      onCompositionStart={({ currentTarget }) => setComposed(currentTarget.value)}
      onCompositionEnd={({ currentTarget }) => {
        setComposed(undefined);
        write(currentTarget);
      }}
      onChange={({ currentTarget }) => (composed === undefined ? write(currentTarget) : setComposed(currentTarget.value))}
    />
  );
}
