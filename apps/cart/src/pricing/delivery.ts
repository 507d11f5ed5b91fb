export type DeliveryName = 'standard' | 'express' | 'pickup';

export interface Delivery {
  readonly name: DeliveryName;
  readonly label: string;
  readonly promise: string;
  /** Cents. */
  readonly price: number;
}

export const deliveries: readonly Delivery[] = [
  { name: 'standard', label: 'Standard', promise: 'three to five days', price: 490 },
  { name: 'express', label: 'Express', promise: 'tomorrow', price: 1290 },
  { name: 'pickup', label: 'Pick up', promise: 'at the counter, today', price: 0 },
];

const standard: Delivery = { name: 'standard', label: 'Standard', promise: 'three to five days', price: 490 };

/** The delivery of a cart; standard when nothing, or nothing that is offered, was chosen. */
export function deliveryOf(name: string | null): Delivery {
  return deliveries.find((delivery) => delivery.name === name) ?? standard;
}
