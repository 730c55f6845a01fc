// rows.js - pieces of the page that several parts of it show.

export const $ = (id) => document.getElementById(id);

export function show(id, text) {
  $(id).textContent = text;
  $(id).hidden = !text;
}

// An element with properties and children: make('li', {title: 'x'}, 'text').
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function fact(name, value) {
  return make('div', {}, make('dt', {textContent: name}), make('dd', {textContent: value}));
}

// A line of text that is there to be copied.
export function link(name, value) {
  const copy = make('button', {type: 'button', textContent: 'Copy'});
  copy.setAttribute('aria-label', `Copy ${name}`);
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(value);
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
  });
  return make('li', {}, make('span', {textContent: name}),
    make('code', {textContent: value, title: value}), copy);
}
