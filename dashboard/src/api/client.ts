/** Calls of the API: JSON in and out, problem details as typed errors, a prompt where a key is needed. */

import { apiKey } from './key.svelte';
import type { FieldError, ProblemDetail } from './types';

/** The service refused, and says why (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly problem: ProblemDetail,
    /** Seconds after which it makes sense to try again, where the service says so. */
    readonly retryAfter: number | null,
  ) {
    super(problem.detail ?? problem.title);
    this.name = 'ApiError';
  }

  get status(): number {
    return this.problem.status;
  }

  /** The stable end of the problem's type, e.g. `not-available-yet`. */
  get slug(): string {
    return this.problem.type.replace(/^.*:/, '');
  }

  get errors(): readonly FieldError[] {
    return this.problem.errors ?? [];
  }
}

/** The service did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super('The service does not answer. Is it running? Start it with: orichalcum up');
    this.name = 'Unreachable';
  }
}

export interface Options {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Record<string, string | number | readonly string[] | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  /** Undefined where the answer has no content. */
  data: T;
}

/** The address of a path of the API, beside wherever this page was served. */
export function address(path: string, query: Options['query'] = {}): string {
  const url = new URL(path.replace(/^\//, ''), new URL('./', document.baseURI));
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url.href;
}

/** Fetch, asking for a key as often as the service wants one; throws ApiError, Unreachable or AbortError. */
export async function respond(path: string, options: Options = {}): Promise<Response> {
  for (;;) {
    const key = apiKey.header().Authorization;
    const response = await sent(path, options);
    if (response.ok || response.status === 304) return response;
    const error = await refusal(response);
    if (error.status !== 401) throw error;
    // What was asked with an old key may be refused after a new one was given: that one has not been refused yet.
    if (apiKey.header().Authorization !== key) continue;
    if (!(await apiKey.ask(error.message))) throw error;
  }
}

/** Call the API and read the answer. */
export async function call<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const response = await respond(path, options);
  const text = response.status === 204 || response.status === 304 ? '' : await content(response);
  return {
    status: response.status,
    headers: response.headers,
    data: (text === '' ? undefined : JSON.parse(text)) as T,
  };
}

async function content(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw aborted(error) ? error : new Unreachable(); // the connection broke half way
  }
}

function aborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

async function sent(path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = {
    Accept: 'application/json',
    ...options.headers,
    ...apiKey.header(),
  };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(address(path, options.query), {
      method: options.method ?? 'GET',
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      cache: 'no-store',
      credentials: 'omit',
    });
  } catch (error) {
    throw aborted(error) ? error : new Unreachable();
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get('Retry-After') ?? Number.NaN);
  let problem: ProblemDetail = {
    type: 'about:blank',
    title: response.statusText || `The service answered ${response.status}`,
    status: response.status,
    errors: [],
    more: 0,
  };
  try {
    const said: unknown = await response.json();
    if (typeof said === 'object' && said !== null && 'title' in said) {
      problem = { ...problem, ...(said as ProblemDetail) };
    }
  } catch {
    // A proxy in between may answer with a page of its own; its status says enough.
  }
  return new ApiError(problem, Number.isFinite(wait) ? wait : null);
}

/** One sentence about any error that a call can end with. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError && error.errors.length > 0) {
    const told = error.errors.map((one) => (one.pointer ? `${one.pointer}: ${one.message}` : one.message));
    return [...told, ...(error.problem.more ? [`and ${error.problem.more} more`] : [])].join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
