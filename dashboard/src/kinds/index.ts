/** Every kind that the dashboard knows, by its name in a problem: a folder here and a line below. */

export { optimize } from './optimize';
export { scan } from './scan';
export { evaluate } from './evaluate';
export { order } from './order';
export { free_energy } from './free_energy';
