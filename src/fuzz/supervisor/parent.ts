/**
 * Ends this process with the one that started it, at any moment. At once, and not by `process.exit()`, which waits for
 * the threads: a model may hold one up for ever, outside of JavaScript. What is on the disk is whole at any time.
 */
export function endWithParent(): void {
  const end = (): void => {
    process.kill(process.pid, 'SIGKILL');
  };
  process.on('disconnect', end);
  // Gone while this one started: nobody will say so again.
  if (!process.connected) end();
}
