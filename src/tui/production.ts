/**
 * Imports modules that import React, as its production build: React looks at NODE_ENV when it is loaded, and only then.
 * Processes that are started later do not inherit the change.
 */
export async function inProduction<T>(load: () => Promise<T>): Promise<T> {
  const { NODE_ENV } = process.env;
  process.env['NODE_ENV'] = 'production';
  try {
    return await load();
  } finally {
    if (NODE_ENV === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = NODE_ENV;
  }
}
