import { type LitmusProgram, locationAt } from '../program.ts';

/**
 * The locations of a program and, numbered on from them, cells for addresses that belong to none: an access through
 * NULL or a stray integer goes to a cell of its own that starts as 0, as in herd, and is flagged (`wild-access`).
 */
export class Cells {
  readonly declared: number;
  /** Values that each location or cell may hold, the initial one first; it grows while traces are enumerated. */
  readonly domains: number[][];
  private readonly strays = new Map<number, number>();

  constructor(program: LitmusProgram) {
    this.declared = program.locations.length;
    this.domains = program.locations.map(l => (l.role === 'lock' ? [0, 1] : [l.initial]));
  }

  /** The number of the location or cell at an address. */
  at(address: number): number {
    const location = locationAt(address, this.declared);
    if (location >= 0) return location;
    let cell = this.strays.get(address);
    if (cell === undefined) {
      cell = this.domains.length;
      this.strays.set(address, cell);
      this.domains.push([0]);
    }
    return cell;
  }
}
