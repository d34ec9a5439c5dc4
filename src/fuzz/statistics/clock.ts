/** The time that a campaign has run: earlier runs included, pauses left out, by a clock that never jumps. */
export class CampaignClock {
  #before = 0;
  #began = performance.now();
  #pausedAt: number | null = null;

  get seconds(): number {
    return this.#before + this.ofRun;
  }

  /** Seconds of this run. */
  get ofRun(): number {
    return ((this.#pausedAt ?? performance.now()) - this.#began) / 1000;
  }

  /** Goes on from the seconds of earlier runs. */
  goOn(before: number): void {
    this.#before = before;
    this.#began = this.#pausedAt ?? performance.now();
  }

  pause(paused: boolean): void {
    const now = performance.now();
    if (paused) this.#pausedAt ??= now;
    else if (this.#pausedAt !== null) {
      this.#began += now - this.#pausedAt;
      this.#pausedAt = null;
    }
  }
}
