import { createHash } from 'node:crypto';
import { html, Markup } from '../markup.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/**
 * A whole page that needs nothing but itself. Its policy lets in its own style sheet and script, by their hashes, and
 * nothing from the network, whatever text a case or a model brings.
 */
export function page(title: string, body: Markup): string {
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
<script>${new Markup(script)}</script>
</body>
</html>
`;
  return document.text;
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
