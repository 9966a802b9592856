// <headcount-pages site="shop" max="10"></headcount-pages>: the pages people are on.
import { count, define, Table } from './headcount-panel.js';

class Pages extends Table {
  static about = {
    title: 'Active pages',
    note: 'Visitors of these minutes stand at the page they opened last, so they add up. Online is who ' +
      'has the page open now: with two tabs, on two pages.',
    empty: 'Nobody was here in these minutes. The next page that is opened stands here at once.',
    columns: ['page', 'visitors', 'online'],
  };

  update(view) {
    super.update(view);
    const pages = view.numbers?.activePages;
    if (!pages) return;
    const most = Math.max(1, ...pages.map((page) => page.visitors));
    const rows = pages.slice(0, this.max).map(({ path, title, visitors, online }) => ({
      name: title || path,
      more: title && path,
      part: visitors / most,
      numbers: [count(visitors), count(online)],
    }));
    this.fill(rows, pages.length);
  }
}

define('headcount-pages', Pages);
