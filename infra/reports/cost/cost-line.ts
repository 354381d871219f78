export const LAYERS = ['edge', 'core', 'bus', 'store', 'directory', 'network', 'transfer', 'monitoring', 'global'] as const;
export type Layer = (typeof LAYERS)[number];

/** One line of the bill: `quantity` of `unit`, at `dollars` a month together. */
export interface CostLine {
  /** A region’s code, or `global`. */
  readonly region: string;
  readonly layer: Layer;
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  readonly dollars: number;
  /** Where spot instances are among them: what they would cost on demand. */
  readonly dollarsOnDemand?: number;
}
