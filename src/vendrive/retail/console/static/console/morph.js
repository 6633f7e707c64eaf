// Makes one tree look like another and keeps every node that can stay, so that focus stays and movements are seen.

/** Changes the children of `from` into those of `to`; `to` is used up. */
export function morphChildren(from, to) {
  const old = [...from.childNodes];
  const fresh = [...to.childNodes];
  fresh.forEach((node, at) => {
    const here = old[at];
    if (!here) from.append(node);
    else if (here.nodeType !== node.nodeType || here.nodeName !== node.nodeName) here.replaceWith(node);
    else morphNode(here, node);
  });
  for (const rest of old.slice(fresh.length)) rest.remove();
}

function morphNode(here, node) {
  if (here.nodeType !== Node.ELEMENT_NODE) {
    if (here.data !== node.data) here.data = node.data;
    return;
  }
  for (const { name } of [...here.attributes]) if (!node.hasAttribute(name)) here.removeAttribute(name);
  for (const { name, value } of node.attributes) if (here.getAttribute(name) !== value) here.setAttribute(name, value);
  morphChildren(here, node);
}
