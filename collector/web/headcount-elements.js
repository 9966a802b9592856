// <script type="module" src="https://stats.example.com/web/headcount-elements.js"></script>
//
// All elements. Each module may also be loaded alone.
import './headcount-badge.js';
import './headcount-counter.js';
import './headcount-states.js';
import './headcount-pages.js';
import './headcount-bars.js';
import './headcount-feed.js';
import './headcount-list.js';
import './headcount-map.js';
