/** Numbers as people read them: as many digits as mean something, a true minus sign. */

const MINUS = '\u2212';
const THIN = '\u202F';

/** A number with the symbol of its unit: `3.2144 Å`, `90.0°`. */
export function withUnit(text: string, symbol: string): string {
  if (symbol === '') return text;
  return symbol === '°' ? text + symbol : `${text}${THIN}${symbol}`;
}

/**
 * Decimals that a property deserves: two beyond the leading digit of the tolerance, so that three of its digits are
 * seen (a tolerance of 0.002 gives five); without a tolerance, `digits` significant ones of the value.
 */
export function decimalsFor(value: number, tolerance: number | null | undefined, digits = 5): number {
  const scale = tolerance && tolerance > 0 ? tolerance : Math.abs(value);
  if (!Number.isFinite(scale) || scale === 0) return 2;
  const leading = Math.floor(Math.log10(scale) + 1e-9);
  return Math.min(10, Math.max(0, (tolerance && tolerance > 0 ? 2 : digits - 1) - leading));
}

/** `value` with so many decimals; numbers too small or large for that in powers of ten. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const text =
    size >= 1e7 || (size > 0 && size < 0.5 * 10 ** -decimals && decimals >= 6)
      ? powers(value)
      : value.toFixed(decimals);
  return minus(/^-0(\.0*)?$/.test(text) ? text.slice(1) : text);
}

/** An energy in eV as people read it, in meV. */
export function mev(energy: number | null | undefined, decimals = 1): string {
  return energy == null ? '–' : fixed(1000 * energy, decimals);
}

/** So many significant digits, without an exponent where that reads well. */
export function significant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-5) return minus(powers(value, digits - 1));
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size) + 1e-12));
  return minus(value.toFixed(Math.min(10, decimals)));
}

/** Like `significant`, with its sign always shown: for differences. */
export function signed(value: number, digits = 3): string {
  const text = significant(value, digits);
  return value > 0 ? `+${text}` : text;
}

/** The whole double, for the hover text and the clipboard. */
export function exact(value: number): string {
  return String(value);
}

/** A fraction to `decimals` places without trailing zeros beyond the third: 0.8165, 1, 0.25. */
export function fraction(value: number, decimals = 4): string {
  const text = value.toFixed(decimals);
  return minus(text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text);
}

export function percent(value: number, decimals = 1): string {
  return `${minus((100 * value).toFixed(decimals))}${THIN}%`;
}

/** 1 234 567, with narrow spaces. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

function powers(value: number, decimals = 2): string {
  const [mantissa, exponent] = value.toExponential(decimals).split('e') as [string, string];
  const digits = exponent.replace(/^\+/, '').replace('-', MINUS);
  return `${mantissa}×10${[...digits].map((digit) => SUPERSCRIPTS[digit] ?? digit).join('')}`;
}

const SUPERSCRIPTS: Record<string, string> = {
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
  [MINUS]: '⁻',
};

function minus(text: string): string {
  return text.startsWith('-') ? MINUS + text.slice(1) : text;
}
