// What the shop sells. How much there is of it stands in the `inventory` collection, by the same ids.

export interface Product {
  /** Also the key of a cart's line, and the id of the document in `inventory`. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Cents. */
  readonly price: number;
  readonly unit: string;
}

export const products: readonly Product[] = [
  {
    id: 'tea',
    name: 'Darjeeling, first flush',
    description: 'Spring leaves from the Teesta valley: light, floral, a little peach.',
    price: 1450,
    unit: '100 g',
  },
  {
    id: 'matcha',
    name: 'Matcha from Uji',
    description: 'Shade-grown and stone-milled. Bright green, round, hardly bitter.',
    price: 2400,
    unit: '30 g',
  },
  {
    id: 'coffee',
    name: 'Guji coffee beans',
    description: 'Washed Ethiopian lot, roasted for filter: bergamot and apricot.',
    price: 1300,
    unit: '250 g',
  },
  {
    id: 'cocoa',
    name: 'Drinking chocolate',
    description: 'Dark flakes with 70 % cocoa and nothing but cane sugar.',
    price: 950,
    unit: '300 g',
  },
  {
    id: 'honey',
    name: 'Linden honey',
    description: 'From city hives, set and spreadable. One harvest a year, and this one was gone on the first day: the next comes in July.',
    price: 890,
    unit: '350 g',
  },
  {
    id: 'mug',
    name: 'Stoneware mug',
    description: 'Thrown by hand and glazed in river blue. Dishwasher safe.',
    price: 1800,
    unit: '300 ml',
  },
  {
    id: 'teapot',
    name: 'Cast-iron teapot',
    description: 'Keeps four cups hot for an hour. Cast and enamelled in Morioka.',
    price: 6400,
    unit: '0.8 l',
  },
  { id: 'kettle', name: 'Gooseneck kettle', description: 'A slow, exact stream for pour-over. Brushed steel.', price: 7900, unit: '1 l' },
  {
    id: 'dripper',
    name: 'Pour-over dripper',
    description: 'Porcelain cone with spiral ribs, for one or two cups.',
    price: 2200,
    unit: 'size 02',
  },
  {
    id: 'grinder',
    name: 'Hand grinder',
    description: 'Steel burrs, thirty clicks from espresso to press. The last of its series.',
    price: 9500,
    unit: '35 g',
  },
  { id: 'tray', name: 'Walnut tray', description: 'Solid wood, oiled, with a lip that stops cups.', price: 4200, unit: '40 cm' },
  { id: 'candle', name: 'Beeswax candle', description: 'Rolled, unbleached, and burns for six hours.', price: 1200, unit: '20 cm' },
];

const byId: ReadonlyMap<string, Product> = new Map(products.map((product) => [product.id, product]));

export function productOf(id: string): Product | undefined {
  return byId.get(id);
}

/** Where a product stands in the shop; what is not sold here comes last. */
export function shelfOf(id: string): number {
  const at = products.findIndex((product) => product.id === id);
  return at < 0 ? products.length : at;
}
