/** A class of feature, with the part of the map that holds its cells. */
export interface FeatureClass {
  readonly name: string;
  /** One line for people who read statistics. */
  readonly meaning: string;
  /** log2 of its number of cells; features are hashed into them, so a class may hold some fewer than there are. */
  readonly bits: number;
}

/** Classes by number (`Feature`). */
export const featureClasses: readonly FeatureClass[] = [
  { name: 'sites', meaning: 'places in model code that were executed', bits: 14 },
  {
    name: 'reads-from',
    meaning: 'store and the load that saw it, or that saw an older value; delayed or not',
    bits: 16,
  },
  {
    name: 'hand-offs',
    meaning: 'access to a word after an access to it by another CPU, one writing',
    bits: 16,
  },
  { name: 'windows', meaning: 'two accesses of one CPU that took effect out of order', bits: 16 },
  {
    name: 'contexts',
    meaning: 'lock order, operation in a context, failed allocation, RCU reader beside an update',
    bits: 14,
  },
  { name: 'states', meaning: 'changes of the abstract state of an object', bits: 14 },
];

/** Numbers of the classes. */
export const Feature = { Site: 0, ReadsFrom: 1, HandOff: 2, Window: 3, Context: 4, State: 5 } as const;

/** First cell of each class, and after the last one the number of all cells. */
export const firstCell: readonly number[] = [...featureClasses.keys(), featureClasses.length].map(i =>
  featureClasses.slice(0, i).reduce((sum, { bits }) => sum + (1 << bits), 0),
);

/** Cells of all classes. */
export const CELLS = firstCell[featureClasses.length] ?? 0;

/** The class that a cell belongs to. */
export function classOf(cell: number): number {
  let of = 0;
  while (of + 1 < featureClasses.length && cell >= firstCell[of + 1]) of++;
  return of;
}

/** The cell of a feature of a class, by its hash. */
export function cellOf(feature: number, hash: number): number {
  return firstCell[feature] + (hash >>> (32 - featureClasses[feature].bits));
}
