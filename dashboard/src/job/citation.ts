/** What to cite beside the potential, which its result names. */

export const METHOD =
  'J. Nam, J. Peng and R. Gómez-Bombarelli, Interpolation and differentiation of alchemical degrees of freedom in ' +
  'machine learning interatomic potentials, Nat. Commun. 16, 4350 (2025), doi:10.1038/s41467-025-59543-2';
