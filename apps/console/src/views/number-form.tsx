import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { type Bounds, boundsText, numberTyped } from './typed-number.ts';

interface NumberFormProps {
  readonly label: string;
  readonly bounds: Bounds;
  readonly initial: number;
  readonly onSubmit: (number: number) => void;
  /** What stands behind the field, with the button that submits. */
  readonly children: ReactNode;
}

/** Asks for a number, and says at its field which it takes when it takes none of what was typed. */
export function NumberForm({ label, bounds, initial, onSubmit, children }: NumberFormProps) {
  const [isRefused, setRefused] = useState(false);
  const refusalId = useId();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const number = numberTyped(String(new FormData(event.currentTarget).get('number') ?? ''), bounds);
    setRefused(number === undefined);
    if (number !== undefined) onSubmit(number);
  };
  return (
    <form noValidate onSubmit={submit}>
      <div className="inline">
        <label>
          {label}
          <input
            name="number"
            inputMode="numeric"
            autoComplete="off"
            defaultValue={initial}
            aria-invalid={isRefused}
            aria-describedby={refusalId}
          />
        </label>
        {children}
      </div>
      <p id={refusalId} role="alert" className="alarm">
        {isRefused && `Not done: ${boundsText(bounds)} is needed.`}
      </p>
    </form>
  );
}
