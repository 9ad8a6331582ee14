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

/** Those of VESTA, except of the later of two elements to which it gives the same. */
// prettier-ignore
const COLOURS: Record<string, string> = {
  H: '#ffcccc', He: '#fce8ce', Li: '#86df73', Be: '#5ed77b', B: '#1fa20f', C: '#4c4c4c', N: '#b0b9e6',
  O: '#fe0300', F: '#74c64a', Ne: '#fe37b5', Na: '#f9dc3c', Mg: '#fb7b15', Al: '#81b2d6', Si: '#1b3bfa',
  P: '#c09cc2', S: '#fffa00', Cl: '#31fc02', Ar: '#cffec4', K: '#a121f6', Ca: '#5a96bd', Sc: '#b563ab',
  Ti: '#78caff', V: '#e51900', Cr: '#00009e', Mn: '#a7089d', Fe: '#b57100', Co: '#0000af', Ni: '#b7bbbd',
  Cu: '#2247dc', Zn: '#8f8f81', Ga: '#9ee373', Ge: '#7e6ea6', As: '#74d057', Se: '#9aef0f', Br: '#7e3102',
  Kr: '#fac1f3', Rb: '#702eb0', Sr: '#00ff00', Y: '#94ffff', Zr: '#80cbcc', Nb: '#73c2c9', Mo: '#54b5b5',
  Tc: '#3b9e9e', Ru: '#248f8f', Rh: '#0a7d8c', Pd: '#006985', Ag: '#c0c0c0', Cd: '#ffd98f', In: '#a67573',
  Sn: '#9a8eb9', Sb: '#9e63b5', Te: '#d47a00', I: '#940094', Xe: '#429eb0', Cs: '#57178f', Ba: '#00c900',
  La: '#5ac449', Ce: '#ffffc7', Hf: '#4dc2ff', Ta: '#4da6ff', W: '#2194d6', Re: '#267dab', Os: '#266696',
  Ir: '#175487', Pt: '#d0d0e0', Au: '#ffd123', Hg: '#b8b8d0', Tl: '#a6544d', Pb: '#575961', Bi: '#9e4fb5',
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
