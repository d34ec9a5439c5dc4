/** Milliseconds between redraws, and between those after a key. */
const CALM = 500;
const QUICK = 100;
/** Milliseconds after a key in which redraws are quick. */
const AFTER_KEY = 2000;

/** Says when to draw: twice a second at most, ten times for a moment after a key. */
export class Redraws {
  readonly #draw: () => void;
  #last = Number.NEGATIVE_INFINITY;
  #key = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** There is something new to see. */
  soon(): void {
    const now = performance.now();
    const wait = this.#last + (now - this.#key < AFTER_KEY ? QUICK : CALM) - now;
    if (wait <= 0) this.#now();
    else this.#timer ??= setTimeout(() => this.#now(), wait);
  }

  /** A key was pressed: its effect is to be seen at once, even if a calmer redraw is due later. */
  key(): void {
    this.#key = performance.now();
    this.#cancel();
    this.soon();
  }

  /** No more redraws. */
  end(): void {
    this.#cancel();
    this.#ended = true;
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #now(): void {
    this.#cancel();
    if (this.#ended) return;
    this.#last = performance.now();
    this.#draw();
  }
}
