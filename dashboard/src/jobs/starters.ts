/** Three of the repository's examples that show what there is, and are quick. */

import lattice from '../../../examples/alscn_on_gan.yaml?raw';
import ordering from '../../../examples/ba2mgwo6_order.yaml?raw';
import salt from '../../../examples/nacl_free_energy.yaml?raw';
import { read } from '../new/document';

export interface Starter {
  title: string;
  text: string;
  takes: string;
  problem: unknown;
}

export const STARTERS: readonly Starter[] = [
  {
    title: 'Match a lattice',
    text: 'How much scandium gives AlN the lattice constant of GaN? Answers Al, Sc and the error.',
    takes: 'about 10 s',
    problem: read(lattice).problem,
  },
  {
    title: 'Find an ordering',
    text: 'How do Mg and W share the B sites of the double perovskite Ba2MgWO6, and how likely is it at 1000 K?',
    takes: 'about half a minute',
    problem: read(ordering).problem,
  },
  {
    title: 'Compute a free energy',
    text: 'Rock salt at 50 and 100 K: vibrations, anharmonic ones too, with a standard error.',
    takes: 'about a minute',
    problem: read(salt).problem,
  },
];
