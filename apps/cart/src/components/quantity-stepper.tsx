import type { ReactElement } from 'react';
import { lineUnitsMax } from '../cart/cart-edits.ts';
import { Icon } from './icons.tsx';

export interface QuantityStepperProps {
  readonly name: string;
  readonly qty: number;
  readonly onChange: (by: number) => void;
}

export function QuantityStepper({ name, qty, onChange }: QuantityStepperProps): ReactElement {
  return (
    <fieldset className="stepper">
      <legend className="visually-hidden">Quantity of {name}</legend>
      <button type="button" className="icon-button" aria-label={`One less: ${name}`} onClick={() => onChange(-1)}>
        <Icon name="minus" />
      </button>
      <output className="quantity">{qty}</output>
      <button
        type="button"
        className="icon-button"
        aria-label={`One more: ${name}`}
        disabled={qty >= lineUnitsMax}
        onClick={() => onChange(1)}
      >
        <Icon name="plus" />
      </button>
    </fieldset>
  );
}
