// The page of a walk, embedded: its frame, its style, its script.

#include "cpages.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char frame[] = {
#embed "page.html"
};

static const unsigned char style[] = {
#embed "page.css"
};

static const unsigned char script[] = {
#embed "page.js"
};

const unsigned char *nns_page_bytes(int part) {
  return part == 0 ? frame : part == 1 ? style : part == 2 ? script : 0;
}

size_t nns_page_length(int part) {
  return part == 0 ? sizeof frame : part == 1 ? sizeof style : part == 2 ? sizeof script : 0;
}
