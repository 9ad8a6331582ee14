/** Routes live in the fragment, so that the server only ever serves one page: #/, #/new, #/jobs/ID, #/jobs/ID/explore, ... */

export type Route =
  | { page: 'jobs'; query: URLSearchParams }
  | { page: 'new'; query: URLSearchParams }
  | { page: 'job'; id: string; query: URLSearchParams }
  | { page: 'report'; id: string; query: URLSearchParams }
  | { page: 'compare'; query: URLSearchParams }
  | { page: 'explore'; id: string; query: URLSearchParams }
  | { page: 'unknown'; path: string };

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?', 2);
  const query = new URLSearchParams(search);
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0 || (parts.length === 1 && parts[0] === 'jobs')) return { page: 'jobs', query };
  if (parts.length === 1 && parts[0] === 'new') return { page: 'new', query };
  if (parts.length === 2 && parts[0] === 'jobs') return { page: 'job', id: decoded(parts[1]!), query };
  if (parts.length === 3 && parts[0] === 'jobs' && parts[2] === 'report')
    return { page: 'report', id: decoded(parts[1]!), query };
  if (parts.length === 1 && parts[0] === 'compare') return { page: 'compare', query };
  if (parts.length === 3 && parts[0] === 'jobs' && parts[2] === 'explore')
    return { page: 'explore', id: decoded(parts[1]!), query };
  return { page: 'unknown', path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const links = {
  jobs: '#/',
  /** `from`: a job whose problem is to be the starting point. */
  new: (from?: string) => (from === undefined ? '#/new' : `#/new?from=${encodeURIComponent(from)}`),
  /** The problem of a job with smaller tolerances. */
  tighter: (id: string) => `#/new?from=${encodeURIComponent(id)}&tighter=1`,
  job: (id: string) => `#/jobs/${encodeURIComponent(id)}`,
  report: (id: string) => `#/jobs/${encodeURIComponent(id)}/report`,
  compare: (ids: readonly string[]) => `#/compare?jobs=${ids.map(encodeURIComponent).join(',')}`,
  /** `at`: a composition as the API writes it. */
  explore: (id: string, at?: string) =>
    `#/jobs/${encodeURIComponent(id)}/explore${at === undefined ? '' : `?at=${encodeURIComponent(at)}`}`,
};

class Router {
  route = $state.raw<Route>(parseRoute(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.route = parseRoute(location.hash)));
  }

  go(link: string): void {
    location.hash = link.replace(/^#/, '');
  }

  /** Put another address of the same page in place of this one; nothing is loaded, and going back skips it. */
  replace(link: string): void {
    if (location.hash !== link) history.replaceState(history.state, '', link);
  }
}

export const router = new Router();
