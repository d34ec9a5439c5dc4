import type { Table } from '../../fuzz/matrix/table.ts';

/** The version of the format; a field that is added does not raise it. */
const MATRIX_VERSION = 1;

/** Everything that the run knows, for other programs. */
export function matrixJson(tables: readonly Table[], seed: string): string {
  return JSON.stringify({ version: MATRIX_VERSION, seed, tables }, null, 2);
}
