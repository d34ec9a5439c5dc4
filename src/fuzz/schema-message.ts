import type { z } from 'zod';

/** One line that names the field at fault, `whole` if it is all: `expect.signature: missing (string)`. */
export function schemaMessage(error: z.ZodError, whole = 'the file'): string {
  // A misspelt field is missing and unknown at once; the second says more.
  const issue = error.issues.find(one => one.code === 'unrecognized_keys') ?? error.issues[0];
  if (issue === undefined) return 'does not fit its schema';
  const field = fieldName(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return `${field === '' ? '' : `${field}: `}unknown field ${issue.keys.map(key => `"${key}"`).join(', ')}`;
  }
  const message = issue.message.replace(
    /^Invalid input: expected (\w+), received undefined$/,
    'missing ($1)',
  );
  return `${field === '' ? whole : field}: ${message}`;
}

/** `cpus[1][0].mm` */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
}
