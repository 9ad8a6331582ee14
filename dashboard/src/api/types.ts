/** Names for what the API says, from its OpenAPI schema (`npm run types` writes schema.d.ts). */

import type { components } from './schema';

type Schemas = components['schemas'];

export type Job = Schemas['Job'];
export type JobPage = Schemas['JobPage'];
export type JobArray = Schemas['JobArray'];
export type CancelledJobs = Schemas['CancelledJobs'];
export type JobState = Job['state'];
/** What people write on a job. */
export type JobLabels = Partial<Record<'name' | 'note', string> & { tags: string[]; starred: boolean }>;
export type Progress = Schemas['Progress'];
export type Problem = Schemas['Problem'];
export type Objective = Schemas['Objective'];
export type Sublattice = Schemas['Sublattice'];
export type Evaluation = Schemas['Evaluation'];
export type PropertyValue = Schemas['PropertyValue'];
export type Assessment = Schemas['Assessment'];
export type CrystalState = Schemas['CrystalState'];
export type StoredEvaluation = Schemas['StoredEvaluation'];
export type EvaluationPage = Schemas['EvaluationPage'];
export type Result = Schemas['Result'];
export type AnswerSoFar = Schemas['AnswerSoFar'];
export type FreeEnergyAnswer = Schemas['FreeEnergyAnswer'];
export type FreeEnergy = Schemas['FreeEnergy'];
export type PhaseComparison = Schemas['PhaseComparison'];
export type Switching = Schemas['Switching'];
export type OrderAnswer = Schemas['OrderAnswer'];
export type Ordering = Schemas['Ordering'];
export type OrderingProbability = Schemas['OrderingProbability'];
export type DisorderedState = Schemas['DisorderedState'];
export type Verification = Schemas['Verification'];
export type AlsoEvaluated = Schemas['AlsoEvaluated'];
export type Sensitivity = Schemas['Sensitivity'];
export type LeftOut = Schemas['LeftOut'];
export type SurrogateMap = Schemas['SurrogateMap'];
export type SurrogatePoint = Schemas['SurrogatePoint'];
export type ExpectedProperty = Schemas['ExpectedProperty'];
export type Validation = Schemas['Validation'];
export type SiteOfProblem = Schemas['SiteOfProblem'];
export type CostEstimate = Schemas['CostEstimate'];
export type Catalogue = Schemas['Catalogue'];
export type PotentialInfo = Schemas['PotentialInfo'];
export type PrototypeInfo = Schemas['PrototypeInfo'];
export type PropertyInfo = Schemas['PropertyInfo'];
export type KindInfo = Schemas['KindInfo'];
export type ProblemDetail = Schemas['ProblemDetail'];
export type FieldError = Schemas['FieldError'];
export type StateEvent = Schemas['StateEvent'];
export type ProgressEvent = Schemas['ProgressEvent'];
export type EvaluationEvent = Schemas['EvaluationEvent'];

/** Sublattice name -> element -> fraction. */
export type Composition = Evaluation['composition'];
export type Gradient = NonNullable<PropertyValue['gradient']>;

export const FINAL_STATES: readonly JobState[] = ['cancelled', 'succeeded', 'failed'];

export function isFinal(state: JobState): boolean {
  return FINAL_STATES.includes(state);
}
