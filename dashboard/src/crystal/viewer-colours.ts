/**
 * The viewer's colours of elements are those of forms and plots: it has Sr as Zr and N as F.
 *
 * The viewer copies its table when it is loaded, so this stands before it in the imports.
 */

import { default_element_colors } from 'matterviz/colors';
import { elementColour, TABLE } from '../new/elements';

for (const { symbol } of TABLE)
  default_element_colors[symbol as keyof typeof default_element_colors] = elementColour(symbol);
