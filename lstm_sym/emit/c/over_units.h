// Functions of whole rows: `rows` of them, each of `units` numbers that begin at `from`, into rows that begin at `to`.

#define ROWS for (long row = 0; row < rows; row++, from += from_stride, to += to_stride)
#define OVER_UNITS long rows, const real *from, long from_stride, long units, real *to, long to_stride

// Memory in whole cache lines.
INLINE long lines(long numbers) { return (numbers + 15) / 16 * 16; }
INLINE void copied(OVER_UNITS) { ROWS memcpy(to, from, units * sizeof(real)); }
INLINE void repeated(OVER_UNITS, long count) {
  ROWS for (long unit = 0; unit < units * count; unit++) to[unit] = from[unit / count];
}
INLINE void run_sums(OVER_UNITS, long count) {
  ROWS for (long unit = 0; unit < units / count; unit++) {
    real sum = 0;
    for (long k = 0; k < count; k++) sum += from[unit * count + k];
    to[unit] = sum;
  }
}
INLINE real sum_over(const real *from, long units) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)")
  for (long unit = 0; unit < units; unit++) sum += from[unit];
  return sum;
}
INLINE void sum_of(OVER_UNITS) {
  ROWS { const real sum = sum_over(from, units); for (long unit = 0; unit < units; unit++) to[unit] = sum; }
}
INLINE void mean_of(OVER_UNITS) {
  ROWS { const real mean = sum_over(from, units) / units; for (long unit = 0; unit < units; unit++) to[unit] = mean; }
}
INLINE real most_of(const real *from, long units) {
  real most = from[0];
  for (long unit = 1; unit < units; unit++) most = from[unit] > most || from[unit] != from[unit] ? from[unit] : most;
  return most;
}
INLINE void largest(OVER_UNITS) {
  ROWS { const real most = most_of(from, units); for (long unit = 0; unit < units; unit++) to[unit] = most; }
}
// 1 at the largest unit, equal shares of units that tie; nothing equals NaN, and 0 / 0 is NaN.
INLINE void largest_share(OVER_UNITS) {
  ROWS {
    const real most = most_of(from, units);
    real ties = 0;
    for (long unit = 0; unit < units; unit++) ties += from[unit] == most;
    for (long unit = 0; unit < units; unit++) to[unit] = (from[unit] == most) / ties;
  }
}
