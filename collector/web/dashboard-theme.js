// As early as may be: the colours that were chosen here, and whether this is the wall.
try {
  const theme = localStorage.getItem('headcount_theme');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {} // no storage, no choice
document.documentElement.toggleAttribute('data-wall', new URLSearchParams(location.search).has('wall'));
