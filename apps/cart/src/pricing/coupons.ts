// Coupons, and what they take off. A cart holds codes; which of them count is decided whenever totals are made, so that two
// devices that added the same code, or codes that exclude nothing, need no rule beyond the set they are in.

export interface Coupon {
  readonly code: string;
  readonly label: string;
  /** What it needs and gives, to be shown before it counts. */
  readonly terms: string;
  /** Cents off a subtotal, never more than it. */
  readonly off: (subtotal: number) => number;
  readonly isFreeDelivery: boolean;
}

export const coupons: readonly Coupon[] = [
  {
    code: 'SAVE10',
    label: '10 % off',
    terms: '10 % off everything',
    off: (subtotal) => Math.round(subtotal / 10),
    isFreeDelivery: false,
  },
  {
    code: 'TEATIME',
    label: '$5 off',
    terms: '$5 off from $40',
    off: (subtotal) => (subtotal >= 4000 ? 500 : 0),
    isFreeDelivery: false,
  },
  { code: 'FREESHIP', label: 'Free delivery', terms: 'free delivery, express too', off: () => 0, isFreeDelivery: true },
];

/** What was typed, as codes are written: `save10 ` is `SAVE10`. */
export function couponCode(typed: string): string {
  return typed.trim().toUpperCase();
}

export function couponOf(code: string): Coupon | undefined {
  return coupons.find((coupon) => coupon.code === code);
}
