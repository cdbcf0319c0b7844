/**
 * The page's script: shows a slot's record in a panel, and handles arrow keys in the calendar. Records are copied from the
 * tables in the page; without the script, links lead to these tables.
 */
export const script = `'use strict';
{
  const dialog = document.getElementById('details');
  const title = document.getElementById('details-title');
  const body = document.getElementById('details-body');
  const [earlier, later, close] = dialog.querySelectorAll('button');
  const marks = [...document.querySelectorAll('.calendar a')];
  const indexes = new Map(marks.map((mark, n) => [mark.hash, n]));
  let shown = -1;
  let opener;

  const element = (name, children) => {
    const made = document.createElement(name);
    made.append(...children);
    return made;
  };

  const copyOf = (cell) => [...cell.childNodes].map((node) => node.cloneNode(true));

  const groupsOf = (row) => {
    const [groups, fields] = row.closest('table').tHead.rows;
    let at = 0;
    return [...groups.cells].slice(1).flatMap((group) => {
      const pairs = Array.from({ length: group.colSpan }, () => [fields.cells[at], row.cells[++at]]);
      const filled = pairs.filter(([, cell]) => cell.hasChildNodes());
      if (filled.length === 0) return [];
      const lines = filled.map(([field, cell]) => {
        const line = element('div', [element('dt', copyOf(field)), element('dd', copyOf(cell))]);
        line.title = field.title;
        line.className = cell.className;
        return line;
      });
      return [element('h3', copyOf(group)), element('dl', lines)];
    });
  };

  const show = (index) => {
    const mark = marks[index];
    const row = document.getElementById(mark.hash.slice(1));
    marks[shown]?.removeAttribute('aria-current');
    mark.setAttribute('aria-current', 'true');
    shown = index;
    makeTabStop(mark);
    title.replaceChildren(...copyOf(row.cells[0]));
    body.replaceChildren(...groupsOf(row));
    body.scrollTop = 0;
    earlier.disabled = index === 0;
    later.disabled = index === marks.length - 1;
    if (!dialog.open) dialog.showModal();
    mark.scrollIntoView({ block: 'nearest' });
    title.focus();
  };

  /** Makes a mark the calendar's only tab stop. */
  const makeTabStop = (mark) => {
    for (const other of marks) if (other.tabIndex === 0) other.tabIndex = -1;
    mark.tabIndex = 0;
  };

  const middle = (mark) => {
    const { left, right, top, bottom } = mark.getBoundingClientRect();
    return { x: (left + right) / 2, y: (top + bottom) / 2 };
  };

  /** Returns the nearest mark in the line above or below. */
  const across = (mark, sign) => {
    const from = middle(mark);
    let best;
    for (const other of marks) {
      const to = middle(other);
      const line = Math.round((to.y - from.y) * sign);
      if (line < 4) continue;
      const aside = Math.abs(to.x - from.x);
      if (!best || line < best.line - 4 || (line < best.line + 4 && aside < best.aside)) best = { other, line, aside };
    }
    return best?.other;
  };

  const target = ({ key, ctrlKey }, mark) => {
    const at = indexes.get(mark.hash);
    const ofYear = ctrlKey ? marks : [...mark.closest('section').querySelectorAll('a')];
    if (key === 'ArrowLeft') return marks[at - 1];
    if (key === 'ArrowRight') return marks[at + 1];
    if (key === 'ArrowUp') return across(mark, -1);
    if (key === 'ArrowDown') return across(mark, 1);
    if (key === 'Home') return ofYear[0];
    if (key === 'End') return ofYear.at(-1);
  };

  for (const mark of marks) mark.tabIndex = -1;
  if (marks.length > 0) makeTabStop(marks.at(-1));
  const calendar = document.querySelector('.calendar');
  document.querySelector('#calendar-hint span').hidden = false;
  calendar?.addEventListener('keydown', (event) => {
    const mark = event.target.closest('a');
    const next = mark && target(event, mark);
    if (!next) return;
    event.preventDefault();
    makeTabStop(next);
    next.focus();
  });
  calendar?.addEventListener('mouseover', ({ target }) => {
    if (target.ariaLabel) target.title = target.ariaLabel;
  });

  document.addEventListener('click', (event) => {
    const link = event.target.closest('a');
    if (!indexes.has(link?.hash) || event.button > 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    opener = link;
    show(indexes.get(link.hash));
  });
  earlier.addEventListener('click', () => show(shown - 1));
  later.addEventListener('click', () => show(shown + 1));
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    const mark = marks[shown];
    mark.removeAttribute('aria-current');
    (opener && !marks.includes(opener) ? opener : mark).focus();
    opener = undefined;
  });

  const showLinked = () => {
    if (indexes.has(location.hash)) show(indexes.get(location.hash));
  };
  addEventListener('hashchange', showLinked);
  showLinked();
}
`;
