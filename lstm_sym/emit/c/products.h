// Products of rows with a matrix that is packed once: in blocks of PANEL_ROWS of its rows, a block in panels of WIDTH
// columns. A tile of the result is held in registers: literal sizes, for an array of variable length would go to memory.

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define LANES (VECTOR_BYTES / (long)sizeof(real))
#define WIDTH (2 * LANES)
#define PANEL_ROWS 384
#define BLOCK 96
#define TALLEST 6
typedef real vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define EACH_UNIT _Pragma("omp simd")

INLINE vector at(const real *p) { return *(const vector *)p; }
INLINE long least(long a, long b) { return a < b ? a : b; }
INLINE long padded(long columns) { return (columns + WIDTH - 1) / WIDTH * WIDTH; }

// `rows` rows of the result, `panels` panels wide: out (+)= left panel.
#define TILE(rows, panels) \
  static __attribute__((noinline)) void tile_##rows##_##panels(long inner, const real *left, long left_stride, \
      const real *packed, long jump, real *out, long out_stride, int add) { \
    vector sum[rows][2 * panels]; \
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < 2 * panels; j++) \
      sum[i][j] = add ? at(out + i * out_stride + j * LANES) : (vector){0}; \
    for (long k = 0; k < inner; k++) { \
      vector line[2 * panels]; \
      UNROLL for (int j = 0; j < 2 * panels; j++) line[j] = at(packed + j / 2 * jump + k * WIDTH + j % 2 * LANES); \
      UNROLL for (int i = 0; i < rows; i++) { \
        const vector one = left[i * left_stride + k] - (vector){0}; \
        UNROLL for (int j = 0; j < 2 * panels; j++) sum[i][j] += one * line[j]; \
      } \
    } \
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < 2 * panels; j++) \
      *(vector *)(out + i * out_stride + j * LANES) = sum[i][j]; \
  }
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1) TILE(1, 2) TILE(1, 4) TILE(2, 3) TILE(3, 2)
typedef void tile(long, const real *, long, const real *, long, real *, long, int);
static tile *const one_panel[] = {0, tile_1_1, tile_2_1, tile_3_1, tile_4_1, tile_5_1, tile_6_1};

// A matrix (inner, columns), element (k, n) at matrix[k * down + n * across], packed; `packed` holds inner * padded().
static void pack(long inner, long columns, const real *matrix, long down, long across, real *packed) {
  for (long k0 = 0; k0 < inner; k0 += PANEL_ROWS)
    for (long n0 = 0; n0 < columns; n0 += WIDTH)
      for (long k = k0; k < least(k0 + PANEL_ROWS, inner); k++, packed += WIDTH) {
        const long width = least(WIDTH, columns - n0);
        const real *from = matrix + k * down + n0 * across;
        for (long n = 0; n < width; n++) packed[n] = from[n * across];
        for (long n = width; n < WIDTH; n++) packed[n] = 0;
      }
}
// The last panel, of which `columns` count: through a tile of its own.
static void edge(long rows, long columns, long inner, const real *left, long left_stride, const real *packed, real *out,
    long out_stride, int add) {
  real whole_tile[TALLEST * WIDTH];
  for (long i = 0; i < rows; i++)
    for (long n = 0; n < WIDTH; n++) whole_tile[i * WIDTH + n] = add && n < columns ? out[i * out_stride + n] : 0;
  one_panel[rows](inner, left, left_stride, packed, 0, whole_tile, WIDTH, 1);
  for (long i = 0; i < rows; i++) memcpy(out + i * out_stride, whole_tile + i * WIDTH, columns * sizeof(real));
}
static void block(long rows, long columns, long inner, const real *left, long left_stride, const real *packed,
    real *out, long out_stride, int add) {
  const long tiles = (rows + TALLEST - 1) / TALLEST, jump = inner * WIDTH, full = columns / WIDTH;
  long n = 0;
  if (rows <= 3) {  // few rows: several panels at once, so that as many sums are under way
    const long panels = rows == 1 ? 4 : rows == 2 ? 3 : 2;
    tile *const wide = rows == 1 ? tile_1_4 : rows == 2 ? tile_2_3 : tile_3_2;
    for (; n + panels <= full; n += panels)
      wide(inner, left, left_stride, packed + n * jump, jump, out + n * WIDTH, out_stride, add);
    if (rows == 1 && n + 2 <= full) {
      tile_1_2(inner, left, left_stride, packed + n * jump, jump, out + n * WIDTH, out_stride, add);
      n += 2;
    }
  }
  for (; n * WIDTH < columns; n++) {
    const long width = least(columns - n * WIDTH, WIDTH);
    for (long k = 0, i = 0; k < tiles; k++) {
      const long tall = (rows - i + tiles - k - 1) / (tiles - k);
      const real *from = left + i * left_stride, *panel = packed + n * jump;
      real *to = out + i * out_stride + n * WIDTH;
      if (width == WIDTH) one_panel[tall](inner, from, left_stride, panel, 0, to, out_stride, add);
      else edge(tall, width, inner, from, left_stride, panel, to, out_stride, add);
      i += tall;
    }
  }
}
// out (rows, columns) = left (rows, inner) times a packed matrix; added to what is there where `add`.
static void times(long rows, long columns, long inner, const real *left, long left_stride, const real *packed,
    real *out, long out_stride, int add) {
  for (long i = 0; i < rows; i += BLOCK)
    for (long k = 0; k < inner; k += PANEL_ROWS)
      block(least(BLOCK, rows - i), columns, least(PANEL_ROWS, inner - k), left + i * left_stride + k, left_stride,
          packed + k * padded(columns), out + i * out_stride, out_stride, add || k);
}
