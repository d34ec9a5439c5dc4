/** Puts a copy button beside each block of text that has one; without scripts there are just no buttons. */
export const script = `
for (const tools of document.querySelectorAll('[data-copies]')) {
  const text = document.getElementById(tools.dataset.copies);
  if (text === null) continue;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy: ' + tools.firstElementChild.textContent);
  const say = word => {
    button.textContent = word;
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  };
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      say('Copied');
    } catch {
      getSelection().selectAllChildren(text);
      say(document.execCommand('copy') ? 'Copied' : 'Selected');
    }
  });
  tools.append(button);
}
`;
