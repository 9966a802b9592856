/** The members of the realtime answer; PROTOCOL.md, "The realtime answer", explains each. */
export interface Online {
  total: number;
  active: number;
  writing: number;
  reading: number;
  idle: number;
  background: number;
  tabs: number;
  members: number;
  fresh?: Pick<Online, 'total' | 'writing' | 'reading' | 'idle' | 'background'>;
}

export interface Window {
  minutes: number;
  visitors: number;
  pageViews: number;
  events?: number;
  engagedMs: number;
}

export interface Minute {
  /** Its first millisecond. */
  minute: number;
  visitors: number;
  pageViews: number;
  events: number;
  queries?: number;
  queryP50?: number;
  queryP95?: number;
  /** It is still running. */
  partial?: true;
}

export interface Page {
  path: string;
  visitors: number;
  online: number;
  title?: string;
}

export interface Named {
  name: string;
  views: number;
}

export interface Referrer extends Named {
  class?: 'direct' | 'internal' | 'search' | 'social' | 'link';
}

export interface Entry {
  id: number;
  type: 'pageview' | 'event' | 'message' | 'query';
  timestamp: number;
  path?: string;
  name?: string;
  text?: string;
  ms?: number;
  visitor?: string;
  device?: string;
  browser?: string;
  country?: string;
  referrer?: string;
  goals?: string[];
}

/** Entries of the feed that are not known, by their ids. */
export interface Gap {
  type: 'gap';
  from: number;
  to: number;
}

export type Flag = 'capped' | 'loading' | 'warming' | 'unknown' | 'demo';

/** An alert that is on. */
export interface Alert {
  name: string;
  kind: 'above' | 'below';
  of: 'online' | 'current' | 'views';
  value: number;
  limit: number;
  since: number;
}

/** What a state of the stream tells. */
export interface StateNumbers {
  site: string;
  rev: string;
  asOf: number;
  /** Of currentVisitors, pageViews and engagedTime. */
  minutes: number;
  window: number;
  /** Missing only where states do not tell of so many minutes, and there is no answer yet. */
  currentVisitors?: number;
  pageViews?: number;
  engagedTime?: number;
  online: Online;
  peak: { day: number; dayAt: number; all: number; allAt: number };
  total: { views: number; visits: number; connections: number; counted: number; since: number };
  feed: { life: number; last: number };
  windows: Window[];
  activePages: Page[];
  alerts?: Alert[];
  flags: Flag[];
}

/** The realtime answer. */
export interface RealtimeNumbers extends StateNumbers {
  currentVisitors: number;
  pageViews: number;
  engagedTime: number;
  referrers: Referrer[];
  devices: Named[];
  browsers: Named[];
  countries: Named[];
  queries: { count: number; p50: number; p95: number };
  recentEvents: Entry[];
  series: Minute[];
  sources?: Named[];
  campaigns?: Named[];
  terms?: Named[];
  goals?: { name: string; count: number }[];
  timestamp: string;
  pageViewsLastHour: number;
  topActivePages: { name: string; value: number; percentage: number }[];
  locations?: { country: string; visitors: number }[];
}

export type Status = 'connecting' | 'live' | 'stale' | 'reconnecting' | 'refused' | 'off';

export interface View {
  readonly site: string;
  readonly status: Status;
  /** Date.now() of the last word of the server; 0: never. */
  readonly since: number;
  /** null before the first. Until the first whole answer, or without one, those of a state. */
  readonly numbers: RealtimeNumbers | (StateNumbers & Partial<RealtimeNumbers>) | null;
  /** Newest first, at most 200. */
  readonly events: readonly (Entry | Gap)[];
  readonly rev: string | null;
}

export interface SubscribeOptions {
  /** The collector's address. Modules that were loaded from a collector know it. */
  base?: string;
  /** One that may read. */
  token?: string;
  /** 5 by default. */
  minutes?: number;
  /** With events; true by default. */
  feed?: boolean;
  /** With the whole realtime answer, not only what states tell; true by default. */
  whole?: boolean;
  /** An answer that is there already. */
  first?: RealtimeNumbers | null;
}

/** Calls back at once with what is known and then at each change. Returns what ends it. */
export function subscribe(site: string, callback: (view: View) => void, options?: SubscribeOptions): () => void;

export interface PollerConfig {
  /** The collector's address. */
  baseUrl: string;
  siteId: string;
  /** 5 by default. */
  minutes?: number;
  /** Milliseconds between an answer and the next request; 5000 by default. */
  interval?: number;
  token?: string;
  onUpdate?: (data: RealtimeNumbers) => void;
}

export interface RealtimePoller {
  /** The newest answer; it stays when later ones fail. */
  readonly data: RealtimeNumbers | null;
  /** Whether a request is under way. */
  readonly isLoading: boolean;
  /** What the newest request failed with. status: what came instead of 200; none for nothing. */
  readonly error: (Error & { status?: number }) | null;
  start(): void;
  stop(): void;
}

/** Asks every so often, as long as the page is looked at. */
export function createRealtimePoller(config: PollerConfig): RealtimePoller;
