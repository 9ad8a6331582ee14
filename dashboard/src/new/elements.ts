/** The periodic table, and colours by which people know elements in crystals (after Jmol). */

const ROWS = [
  'H                                                  He',
  'Li Be                               B  C  N  O  F  Ne',
  'Na Mg                               Al Si P  S  Cl Ar',
  'K  Ca Sc Ti V  Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr',
  'Rb Sr Y  Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I  Xe',
  'Cs Ba    Hf Ta W  Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn',
  'Fr Ra    Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og',
  '',
  '      La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu',
  '      Ac Th Pa U  Np Pu Am Cm Bk Cf Es Fm Md No Lr',
];

export interface Place {
  symbol: string;
  row: number;
  column: number;
}

/** Every element with its row and column (from 1); the f block is set below, after a gap. */
export const TABLE: readonly Place[] = ROWS.flatMap((line, row) =>
  Array.from({ length: 18 }, (_, column) => line.slice(3 * column, 3 * column + 3).trim())
    .map((symbol, column) => ({ symbol, row: row + 1, column: column + 1 }))
    .filter(({ symbol }) => symbol !== ''),
);

export const VACANCY = 'Vac';

// prettier-ignore
const COLOURS: Record<string, string> = {
  H: '#d9d9d9', He: '#bfe8ea', Li: '#b06ee0', Be: '#a8d800', B: '#e8a0a0', C: '#707070', N: '#4764d8', O: '#e0302b',
  F: '#74c64a', Ne: '#a0d8e8', Na: '#9b5fe0', Mg: '#6fc92f', Al: '#a9969a', Si: '#d9b384', P: '#f08a26', S: '#d9c11f',
  Cl: '#35c335', Ar: '#70c4da', K: '#8a45c8', Ca: '#52c52f', Sc: '#c9a45c', Ti: '#aab0b6', V: '#9a9aa6',
  Cr: '#7f94c2', Mn: '#9472c0', Fe: '#cf6533', Co: '#e080a0', Ni: '#4fbf4f', Cu: '#c0793a', Zn: '#7a7db0',
  Ga: '#c08a8a', Ge: '#668f8f', As: '#b77edb', Se: '#f0a020', Br: '#a03030', Kr: '#5cb8d1', Rb: '#70309f',
  Sr: '#31c63a', Y: '#73cfd0', Zr: '#80cbcc', Nb: '#6cb5c0', Mo: '#54b5b5', Tc: '#3b9e9e', Ru: '#248f8f',
  Rh: '#0a7d8c', Pd: '#0b6985', Ag: '#b3b3bd', Cd: '#e0c878', In: '#a67573', Sn: '#668080', Sb: '#9e63b5',
  Te: '#d47a00', I: '#94219a', Xe: '#429eb0', Cs: '#57178f', Ba: '#1fb01f', La: '#70b8d8', Ce: '#d8cf8c',
  Hf: '#4db0e0', Ta: '#4da0e0', W: '#2194d6', Re: '#267dab', Os: '#266696', Ir: '#175487', Pt: '#b8b8c4',
  Au: '#e0b31c', Hg: '#a8a8c4', Tl: '#a6544d', Pb: '#575961', Bi: '#9e4fb5',
};

export function elementColour(symbol: string): string {
  return COLOURS[symbol] ?? '#8f9aa3';
}

/** Black or white, whichever is read better on the colour (WCAG relative luminance). */
export function inkOn(colour: string): string {
  const channels = [1, 3, 5].map((from) => {
    const part = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * channels[0]! + 0.7152 * channels[1]! + 0.0722 * channels[2]!;
  return luminance > 0.179 ? '#000000' : '#ffffff';
}

/** The oxidation state in which an element is mostly found, where there is one. */
// prettier-ignore
export const USUAL_CHARGE: Record<string, number> = {
  H: 1, Li: 1, Na: 1, K: 1, Rb: 1, Cs: 1, Ag: 1, Cu: 2, Be: 2, Mg: 2, Ca: 2, Sr: 2, Ba: 2, Zn: 2, Cd: 2, Fe: 3,
  Co: 2, Ni: 2, Mn: 2, Pb: 2, B: 3, Al: 3, Ga: 3, In: 3, Sc: 3, Y: 3, La: 3, Ce: 4, Cr: 3, Bi: 3, Ti: 4, Zr: 4,
  Hf: 4, Si: 4, Ge: 4, Sn: 4, V: 5, Nb: 5, Ta: 5, Mo: 6, W: 6, N: -3, P: -3, As: -3, Sb: -3, O: -2, S: -2, Se: -2,
  Te: -2, F: -1, Cl: -1, Br: -1, I: -1, C: 4,
};
