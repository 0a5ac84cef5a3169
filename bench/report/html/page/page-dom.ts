// Elements of the page: found, made, and brought up to date.

export function element<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`#${id}: must be in the page`);
  return found as E;
}

export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Gives an element new children. Those that stay what they were are kept, and so are their scroll position and focus. */
export function update(shown: Element, wanted: readonly Node[]): void {
  for (const [i, next] of wanted.entries()) {
    const old = shown.childNodes[i];
    if (old === undefined) shown.append(next);
    else if (old instanceof Element && next instanceof Element && old.tagName === next.tagName)
      updateElement(old, next);
    else if (!old.isEqualNode(next)) old.replaceWith(next);
  }
  while (shown.childNodes.length > wanted.length) shown.lastChild?.remove();
}

function updateElement(old: Element, next: Element): void {
  if (old.isEqualNode(next)) return;
  for (const name of old.getAttributeNames()) {
    if (!next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const name of next.getAttributeNames()) {
    const value = next.getAttribute(name) ?? '';
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  update(old, [...next.childNodes]);
}
