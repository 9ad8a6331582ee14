/** The calls about jobs. */

import { call } from './client';
import type {
  AnswerSoFar,
  CancelledJobs,
  Composition,
  EvaluationPage,
  Job,
  JobArray,
  JobLabels,
  JobPage,
  JobState,
  Result,
  SurrogateMap,
  SurrogatePoint,
  Validation,
} from './types';

const at = (id: string, rest = '') => `/v1/jobs/${encodeURIComponent(id)}${rest}`;

export async function listJobs(
  query: {
    state?: JobState[];
    /** A part of their names, notes or tags. */
    search?: string | undefined;
    starred?: 'true' | undefined;
    /** Only jobs with all of these tags. */
    tag?: string[];
    /** Only jobs that come of this one: that verify its answer, or evaluate compositions for it. */
    parent?: string;
    /** Only jobs of this array. */
    array?: string | undefined;
    cursor?: string | undefined;
    limit?: number;
  } = {},
  signal?: AbortSignal,
): Promise<JobPage> {
  return (await call<JobPage>('/v1/jobs', { query, signal })).data;
}

export async function readJob(id: string, signal?: AbortSignal): Promise<Job> {
  return (await call<Job>(at(id), { signal })).data;
}

/** The jobs of an array and how many are in which state. */
export async function readArray(id: string, signal?: AbortSignal): Promise<JobArray> {
  return (await call<JobArray>(`/v1/arrays/${encodeURIComponent(id)}`, { signal })).data;
}

/** Stop the jobs of an array that have not ended. */
export async function cancelArray(id: string): Promise<CancelledJobs> {
  return (await call<CancelledJobs>('/v1/jobs/cancel', { method: 'POST', query: { array: id } })).data;
}

export async function readResult(id: string, signal?: AbortSignal): Promise<Result> {
  return (await call<Result>(at(id, '/result'), { signal })).data;
}

/** What the kind answers as far as it is known, while the job runs too. */
export async function readAnswer(id: string, signal?: AbortSignal): Promise<AnswerSoFar> {
  return (await call<AnswerSoFar>(at(id, '/answer'), { signal })).data;
}

export async function readEvaluations(
  id: string,
  cursor?: string,
  signal?: AbortSignal,
): Promise<EvaluationPage> {
  return (await call<EvaluationPage>(at(id, '/evaluations'), { query: { cursor, limit: 200 }, signal })).data;
}

/** Submit a problem; `key` makes repeating it after a lost answer harmless. */
export async function submitJob(problem: unknown, key: string): Promise<Job> {
  return (await call<Job>('/v1/jobs', { method: 'POST', body: problem, headers: { 'Idempotency-Key': key } }))
    .data;
}

export async function validateProblem(problem: unknown, signal?: AbortSignal): Promise<Validation> {
  return (await call<Validation>('/v1/problems/validate', { method: 'POST', body: problem, signal })).data;
}

/** Write on a job; what is left out stays. */
export async function labelJob(id: string, labels: JobLabels): Promise<Job> {
  return (await call<Job>(at(id), { method: 'PATCH', body: labels })).data;
}

export async function changeJob(id: string, change: 'cancel' | 'pause' | 'resume'): Promise<Job> {
  return (await call<Job>(at(id, `/${change}`), { method: 'POST' })).data;
}

/** Relax explicit supercells of a finished job's answer, as a job of its own; `key` makes repeating it harmless. */
export async function verifyJob(
  id: string,
  wanted: { supercells: number; sites: number },
  key: string,
): Promise<Job> {
  return (
    await call<Job>(at(id, '/verify'), { method: 'POST', body: wanted, headers: { 'Idempotency-Key': key } })
  ).data;
}

/** Evaluate a composition as a job does, as a job of its own; `key` makes repeating it harmless. */
export async function evaluateAt(id: string, composition: Composition, key: string): Promise<Job> {
  const body = { at: [composition] };
  return (await call<Job>(at(id, '/evaluate'), { method: 'POST', body, headers: { 'Idempotency-Key': key } }))
    .data;
}

export async function deleteJob(id: string): Promise<void> {
  await call<undefined>(at(id), { method: 'DELETE' });
}

/** The surrogate over a slice; `wait` is the number of seconds to ask again after, while a worker computes it. */
export async function readMap(
  id: string,
  query: { property: string; over: string; at: string },
  signal?: AbortSignal,
): Promise<{ map: SurrogateMap } | { wait: number }> {
  const answer = await call<SurrogateMap>(at(id, '/map'), { query, signal });
  return answer.status === 200 ? { map: answer.data } : { wait: waitOf(answer.headers) };
}

/** Seconds that the service may take for an answer before it promises one. */
const POINT_SECONDS = 5;

/** What surrogates expect at a composition; `wait` as of a map. */
export async function readSurrogate(
  id: string,
  composition: string,
  signal?: AbortSignal,
): Promise<{ point: SurrogatePoint } | { wait: number }> {
  const answer = await call<SurrogatePoint>(at(id, '/surrogate'), {
    query: { at: composition },
    headers: { Prefer: `wait=${POINT_SECONDS}` },
    signal,
  });
  return answer.status === 200 ? { point: answer.data } : { wait: waitOf(answer.headers) };
}

/** Seconds after which to ask again. */
function waitOf(headers: Headers): number {
  const wait = Number(headers.get('Retry-After') ?? Number.NaN);
  return Number.isFinite(wait) ? Math.max(1, wait) : 2;
}
