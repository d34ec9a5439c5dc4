/** Told now and then, while a search of a litmus test goes on, how much more of it was looked at since the last time. */
export type OnLook = (more: number) => void;

/** Executions, checks or states between two calls of an `OnLook`: a power of two. */
export const LOOK_EVERY = 4096;
