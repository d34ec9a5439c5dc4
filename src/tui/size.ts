/** A terminal's size in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}
