#include "crsvg.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { double x, y, width, height; } Rectangle;
typedef struct { unsigned domain; int code; char *message; } Error;

static struct {
  void *(*new_from_data)(const unsigned char *data, unsigned long length, Error **error);
  int (*size_in_pixels)(void *handle, double *width, double *height);
  int (*render)(void *handle, void *context, const Rectangle *viewport, Error **error);
  void (*unref)(void *object);
  void *(*surface_create)(int format, int width, int height);
  unsigned char *(*surface_data)(void *surface);
  int (*surface_stride)(void *surface);
  void (*surface_flush)(void *surface);
  void (*surface_destroy)(void *surface);
  void *(*create)(void *surface);
  void (*set_source_rgb)(void *context, double red, double green, double blue);
  void (*paint)(void *context);
  void (*destroy)(void *context);
} library;

static const struct { const char *name; void *place; } functions[] = {
    {"rsvg_handle_new_from_data", &library.new_from_data},
    {"rsvg_handle_get_intrinsic_size_in_pixels", &library.size_in_pixels},
    {"rsvg_handle_render_document", &library.render},
    {"g_object_unref", &library.unref},
    {"cairo_image_surface_create", &library.surface_create},
    {"cairo_image_surface_get_data", &library.surface_data},
    {"cairo_image_surface_get_stride", &library.surface_stride},
    {"cairo_surface_flush", &library.surface_flush},
    {"cairo_surface_destroy", &library.surface_destroy},
    {"cairo_create", &library.create},
    {"cairo_set_source_rgb", &library.set_source_rgb},
    {"cairo_paint", &library.paint},
    {"cairo_destroy", &library.destroy},
};

static int is_loaded(void) {
  static int state;
  if (state) return state > 0;
  state = -1;
  void *handle = dlopen("librsvg-2.so.2", RTLD_LAZY | RTLD_LOCAL);
  if (!handle) return 0;
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    // What the library itself stands on is found through it.
    void *function = dlsym(handle, functions[i].name);
    if (!function) return 0;
    memcpy(functions[i].place, &function, sizeof function);
  }
  state = 1;
  return 1;
}

static unsigned char *pixels(void *surface, int width, int height) {
  unsigned char *rgb = malloc((size_t)width * height * 3);
  const unsigned char *data = library.surface_data(surface);
  if (!rgb || !data) {
    free(rgb);
    return NULL;
  }
  for (int y = 0; y < height; y++) {
    const unsigned *row = (const unsigned *)(const void *)(data + (size_t)y * library.surface_stride(surface));
    for (int x = 0; x < width; x++) {
      unsigned char *place = rgb + ((size_t)y * width + x) * 3;
      place[0] = row[x] >> 16;
      place[1] = row[x] >> 8;
      place[2] = row[x];
    }
  }
  return rgb;
}

unsigned char *nns_svg_draw(const char *svg, size_t length, double scale, int *width, int *height,
                            char *problem, size_t room) {
  if (!is_loaded()) {
    snprintf(problem, room, "drawings become pictures by librsvg, which is missing");
    return NULL;
  }
  Error *error = NULL;
  void *handle = library.new_from_data((const unsigned char *)svg, length, &error);
  double w = 0, h = 0;
  if (!handle || !library.size_in_pixels(handle, &w, &h) || !(w * scale < 20000)
      || !(h * scale < 20000)) {
    snprintf(problem, room, "the drawing cannot be drawn: %s",
             error && error->message ? error->message : "it is too large");
    if (handle) library.unref(handle);
    return NULL;
  }
  *width = (int)ceil(w * scale);
  *height = (int)ceil(h * scale);
  void *surface = library.surface_create(1, *width, *height);
  void *context = library.create(surface);
  library.set_source_rgb(context, 1, 1, 1);
  library.paint(context);
  Rectangle viewport = {0, 0, w * scale, h * scale};
  unsigned char *result = NULL;
  if (library.render(handle, context, &viewport, &error)) {
    library.surface_flush(surface);
    result = pixels(surface, *width, *height);
  } else {
    snprintf(problem, room, "the drawing cannot be drawn: %s",
             error && error->message ? error->message : "unknown");
  }
  library.destroy(context);
  library.surface_destroy(surface);
  library.unref(handle);
  return result;
}
