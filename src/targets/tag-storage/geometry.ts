import type { Design } from './design.ts';

/**
 * Which block of tag storage serves which page. Scaled down: a tag page serves 2 data pages (32 in the kernel) where a
 * block has one page, and 1 where it has two, so that a block always serves 2 pages.
 */
export class Geometry {
  /** Tag pages per block: B of the fact sheet. */
  readonly blockPages: number;
  readonly pagesPerTagPage: number;
  readonly blocks: number;
  readonly frames: number;
  readonly #offset: number;
  readonly #skew: boolean;

  constructor(d: Design, frames: number) {
    this.frames = frames;
    this.blockPages = d.twoPageBlocks ? 2 : 1;
    this.pagesPerTagPage = d.twoPageBlocks ? 1 : 2;
    this.#offset = d.straddling ? 1 : 0;
    this.#skew = d.zoneSplitSkew;
    this.blocks = this.hardwareBlock(frames - 1) + 1;
  }

  /** The block in which the hardware keeps the tags of a page. */
  hardwareBlock(frame: number): number {
    return Math.floor((frame + this.#offset) / (this.pagesPerTagPage * this.blockPages));
  }

  /** The tag page, counted over all blocks, in which the hardware keeps them. */
  hardwareTagPage(frame: number): number {
    return Math.floor((frame + this.#offset) / this.pagesPerTagPage);
  }

  get tagPages(): number {
    return this.blocks * this.blockPages;
  }

  /**
   * tag_storage_find_block(): what the kernel computes; -1 if there is none. With the skew of the zone split the second
   * region (from block 1 on) begins too early by all pages but one of a tag page.
   */
  findBlock(frame: number): number {
    if (!this.#skew || frame === 0) return this.hardwareBlock(frame);
    const block = 1 + Math.floor((frame - 1) / (this.pagesPerTagPage * this.blockPages));
    return block < this.blocks ? block : -1;
  }

  /** The blocks that reserve_tag_storage() and free_tag_storage() walk over for an allocation. */
  blocksOf(d: Design, frame: number, order: number): readonly number[] {
    const start = this.findBlock(frame);
    if (start < 0) return [];
    const tagPages = Math.max(1, (1 << order) / this.pagesPerTagPage);
    const needed = Math.ceil(tagPages / this.blockPages);
    let count = needed;
    // v3: end = start + number of blocks, stepped over in pages; v2 took the tag pages for blocks.
    if (d.loop === 'v3') count = Math.ceil(needed / this.blockPages);
    if (d.loop === 'v2') count = tagPages;
    const list: number[] = [];
    for (let b = start; b < Math.min(start + count, this.blocks); b++) list.push(b);
    return list;
  }

  /** References that an allocation adds to each of its blocks: one for each page that the block serves. */
  references(order: number, limited: boolean): number {
    const pages = 1 << order;
    return limited ? Math.min(pages, this.pagesPerTagPage * this.blockPages) : pages;
  }
}
