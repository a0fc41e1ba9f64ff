// SVG drawn by librsvg, which is loaded by the first call.
#pragma once

#include <stddef.h>

/// Draws `scale` times as large as the drawing says, on white: rows of red, green, blue in memory that
/// is the caller's to free. NULL with a sentence in `problem` where it cannot be.
unsigned char *_Nullable nns_svg_draw(const char *_Nonnull svg, size_t length, double scale,
                                      int *_Nonnull width, int *_Nonnull height,
                                      char *_Nonnull problem, size_t room);
