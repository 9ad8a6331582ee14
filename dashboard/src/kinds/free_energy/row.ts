/** Of computations it is said as of orderings: how many, of at most how many. */
export { row } from '../order/row';
