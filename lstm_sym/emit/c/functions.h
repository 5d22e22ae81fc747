// Element-wise functions: every one is a straight line of arithmetic, so that a loop over units becomes vector code.
// Errors are at most 4 units in the last place, from subnormal numbers to the largest, and nothing is flushed to zero.
// Where a series stands, its coefficients are those of Taylor, and so many that the rest is below half a unit.

#define INLINE static inline __attribute__((always_inline))
#ifdef DOUBLE
typedef double real;
typedef unsigned long long word;
#define C(number) number
#define MANTISSA 52
#define PLACED (0x1.8p52 + 1023)
#define LOWEST -746.0
#define HIGHEST 710.0
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define ROUNDED(x) __builtin_rint(x)
#define ABS(x) __builtin_fabs(x)
#define SQRT(x) __builtin_sqrt(x)
#define LIBRARY(name) name
#else
typedef float real;
typedef unsigned int word;
#define C(number) number##f
#define MANTISSA 23
#define PLACED (0x1.8p23f + 127)
#define LOWEST -104.0f
#define HIGHEST 89.0f
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define ROUNDED(x) __builtin_rintf(x)
#define ABS(x) __builtin_fabsf(x)
#define SQRT(x) __builtin_sqrtf(x)
#define LIBRARY(name) name##f
#endif

// 2^n of a whole n: added to PLACED, n is the last bits of the sum, from where it is moved to those of the exponent.
INLINE real power_of_two(real n) {
  union { real number; word bits; } u;
  u.number = n + PLACED;
  u.bits <<= MANTISSA;
  return u.number;
}
INLINE real at_least(real a, real low) { return a < low ? low : a; }
INLINE real held(real a, real low, real high) { a = at_least(a, low); return a > high ? high : a; }

// exp(x) - 1 of |x| <= ln(2) / 2.
INLINE real short_expm1(real x) {
#ifdef DOUBLE
  real p = 1.0 / 6227020800.0;
  p = p * x + 1.0 / 479001600.0;
  p = p * x + 1.0 / 39916800.0;
  p = p * x + 1.0 / 3628800.0;
  p = p * x + 1.0 / 362880.0;
  p = p * x + 1.0 / 40320.0;
  p = p * x + 1.0 / 5040.0;
#else
  real p = 1.0f / 5040.0f;
#endif
  p = p * x + C(1.0) / C(720.0);
  p = p * x + C(1.0) / C(120.0);
  p = p * x + C(1.0) / C(24.0);
  p = p * x + C(1.0) / C(6.0);
  p = p * x + C(0.5);
  return x * x * p + x;
}
// x = n ln(2) + the rest, which is returned; ln(2) in two parts, so that no digit of the rest is lost.
INLINE real without_twos(real x, real *n) {
  *n = ROUNDED(x * C(1.4426950408889634));
  return (x - *n * LN2_HIGH) - *n * LN2_LOW;
}
// The power of two is multiplied in two halves: it may be too large or too small for one number.
INLINE real exp_within(real x) {
  real n;
  const real p = short_expm1(without_twos(x, &n)), half = ROUNDED(n * C(0.5));
  return (1 + p) * power_of_two(half) * power_of_two(n - half);
}
INLINE real exp_at(real x) { return exp_within(held(x, LOWEST, HIGHEST)); }
// exp(-|a|), which is never too large.
INLINE real exp_down(real a) { return exp_within(at_least(-ABS(a), LOWEST)); }
// exp(x) - 1 of |x| <= 80, beyond which tanh does not go.
INLINE real short_of_one(real x) {
  real n;
  const real p = short_expm1(without_twos(x, &n)), twos = power_of_two(n);
  return twos * p + (twos - 1);
}
// Of e = exp(-|a|): a / (1 + e) with the smaller of both sides above, so that both keep all digits.
INLINE real sigmoid_at(real a) {
  const real e = exp_down(a);
  return (a < 0 ? e : 1) / (1 + e);
}
INLINE real tanh_at(real a) {
  const real e = short_of_one(2 * held(a, C(-40.0), C(40.0)));
  return e / (e + 2);
}
INLINE real bell(real e) { return e / (1 + e * (2 + e)); }
INLINE real sigmoid_slope_at(real a) { return bell(exp_down(a)); }
INLINE real tanh_slope_at(real a) { return 4 * bell(exp_down(2 * held(a, -400, 400))); }

// ln(m) of m near 1: 2 artanh(s), s = (m - 1) / (m + 1).
INLINE real short_log(real m) {
  const real s = (m - 1) / (m + 1), z = s * s;
#ifdef DOUBLE
  real p = 1.0 / 23.0;
  p = p * z + 1.0 / 21.0;
  p = p * z + 1.0 / 19.0;
  p = p * z + 1.0 / 17.0;
  p = p * z + 1.0 / 15.0;
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
#else
  real p = 1.0f / 11.0f;
#endif
  p = p * z + C(1.0) / C(9.0);
  p = p * z + C(1.0) / C(7.0);
  p = p * z + C(1.0) / C(5.0);
  p = p * z + C(1.0) / C(3.0);
  return 2 * s + 2 * s * z * p;
}
// ln(1 + x) of 0 <= x <= 1; what is lost in rounding 1 + x is put right.
INLINE real log1p_at(real x) {
  const real y = 1 + x, twos = y > C(1.4142135623730950) ? 1 : 0, m = twos > 0 ? C(0.5) * y : y;
  return twos * LN2_HIGH + (short_log(m) + (twos * LN2_LOW + (x - (y - 1)) / y));
}
INLINE real softplus_at(real a) { return (a < 0 ? 0 : a) + log1p_at(exp_down(a)); }

INLINE real log_at(real x) { return LIBRARY(log)(x); }
INLINE real sin_at(real x) { return LIBRARY(sin)(x); }
INLINE real cos_at(real x) { return LIBRARY(cos)(x); }
INLINE real sqrt_at(real x) { return SQRT(x); }
INLINE real abs_at(real a) { return ABS(a); }
INLINE real abs_slope_at(real a) { return a > 0 ? 1 : a < 0 ? -1 : a; }
INLINE real positive_at(real a) { return a > 0 ? 1 : a <= 0 ? 0 : a; }
// x^n of a whole n > 0, squaring by squaring.
INLINE real power_at(real x, int n) {
  real power = 1;
  for (; n; n >>= 1, x *= x) if (n & 1) power *= x;
  return power;
}
INLINE real relu_at(real a) { return a <= 0 ? 0 : a; }
INLINE real relu_slope_at(real a) { return positive_at(a); }
INLINE real softsign_at(real a) {
  const real size = ABS(a), outside = 1 - 1 / (1 + size);
  return size > 1 ? (a < 0 ? -outside : outside) : a / (1 + size);
}
INLINE real softsign_slope_at(real a) { const real s = 1 / (1 + ABS(a)); return s * s; }
INLINE real hard_sigmoid_at(real a) { return a <= -3 ? 0 : a >= 3 ? 1 : a / 6 + C(0.5); }
INLINE real hard_sigmoid_slope_at(real a) { return a > -3 && a < 3 ? C(1.0) / 6 : a == a ? 0 : a; }
INLINE real gelu_inner(real a, real cube) { return C(1.5957691216057308) * a * (1 + cube * (a * a)); }
INLINE real gelu_at(real a) { return a * sigmoid_at(gelu_inner(held(a, -64, 64), C(0.044715))); }
INLINE real gelu_slope_at(real a) {
  const real inner = gelu_inner(held(a, -64, 64), C(0.044715)), growth = gelu_inner(held(a, -64, 64), C(0.134145));
  return sigmoid_at(inner) + growth * sigmoid_slope_at(inner);
}
INLINE real maximum_at(real u, real v) { return u > v || u != u ? u : v; }
INLINE real minimum_at(real u, real v) { return u < v || u != u ? u : v; }
INLINE real where_at(real c, real u, real v) { return c > 0 ? u : c <= 0 ? v : c; }
